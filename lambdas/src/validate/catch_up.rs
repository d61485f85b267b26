//! Waiting for the follower by a fence: a marker that comes out only behind everything written before it.

use async_trait::async_trait;
use crossover_core::{
    World,
    ports::{DatabaseWriter, PortError, PortResult},
};
use crossover_verify::rows::CatchUp;

const LOOK_EVERY_MS: u64 = 5;

pub struct ByFence<'a> {
    pub world: &'a World,
    pub writer: &'a dyn DatabaseWriter,
    pub follower: &'a dyn DatabaseWriter,
}

#[async_trait]
impl CatchUp for ByFence<'_> {
    async fn pass(&self) -> PortResult<()> {
        let (plan, clock) = (&self.world.plan, &self.world.clock);
        if plan.dry_run {
            // A dry run writes no fence; the lag that is allowed is the best wait there is without one.
            clock.sleep_ms(plan.limits.max_lag_ms).await;
            return Ok(());
        }
        let nonce = format!("validate-{}", uuid::Uuid::new_v4());
        let began = clock.now_ms();
        self.writer.raise_fence(&plan.run_id, &nonce).await?;
        while self.follower.count_fence(&plan.run_id, &nonce).await? == 0 {
            let waited_ms = clock.now_ms().saturating_sub(began);
            if waited_ms >= plan.limits.fence_ms {
                return Err(PortError::refused(
                    "the fence of the comparison",
                    format!("not seen on the other side within {waited_ms} ms"),
                ));
            }
            clock.sleep_ms(LOOK_EVERY_MS).await;
        }
        Ok(())
    }
}
