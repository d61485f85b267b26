//! Waiting for the follower by a catch-up marker: a marker that comes out only behind everything written before it.

use async_trait::async_trait;
use crossover_core::{
    StageContext,
    ports::{Database, PortError, PortResult},
};
use crossover_verify::rows::CatchUp;

const LOOK_EVERY_MS: u64 = 5;

pub struct MarkerCatchUp<'a> {
    pub ctx: &'a StageContext,
    pub writer: &'a dyn Database,
    pub follower: &'a dyn Database,
}

#[async_trait]
impl CatchUp for MarkerCatchUp<'_> {
    async fn wait_for_catchup(&self) -> PortResult<()> {
        let (plan, clock) = (&self.ctx.plan, &self.ctx.clock);
        if plan.dry_run {
            // A dry run writes no marker; the lag that is allowed is the best wait there is without one.
            clock.sleep_ms(plan.limits.max_lag_ms).await;
            return Ok(());
        }
        let nonce = format!("validate-{}", uuid::Uuid::new_v4());
        let began = clock.now_ms();
        self.writer.write_marker(&plan.run_id, &nonce).await?;
        while self.follower.count_markers(&plan.run_id, &nonce).await? == 0 {
            let waited_ms = clock.now_ms().saturating_sub(began);
            if waited_ms >= plan.limits.marker_ms {
                return Err(PortError::refused(
                    "the catch-up marker of the comparison",
                    format!("not seen on the other side within {waited_ms} ms"),
                ));
            }
            clock.sleep_ms(LOOK_EVERY_MS).await;
        }
        Ok(())
    }
}
