//! Waiting for the follower by a catch-up marker: a marker that comes out only behind everything written before it.

use async_trait::async_trait;
use crossover_core::ports::{CatchUpMarkers, Clock, PortError, PortResult};

use crate::rows::CatchUp;

const LOOK_EVERY_MS: u64 = 5;

/// Needs the leave to write the table `crossover.catch_up_marker` on the writer, and the table among those that are replicated.
pub struct MarkerCatchUp<'a> {
    pub writer: &'a dyn CatchUpMarkers,
    pub follower: &'a dyn CatchUpMarkers,
    pub clock: &'a dyn Clock,
    /// Tells the markers of this run from others.
    pub run: String,
    /// How long a catch-up marker may take, in milliseconds.
    pub limit_ms: u64,
}

#[async_trait]
impl CatchUp for MarkerCatchUp<'_> {
    async fn wait_for_catchup(&self) -> PortResult<()> {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let began = self.clock.now_ms();
        self.writer.write_marker(&self.run, &nonce).await?;
        while self.follower.count_markers(&self.run, &nonce).await? == 0 {
            let waited_ms = self.clock.now_ms().saturating_sub(began);
            if waited_ms >= self.limit_ms {
                return Err(PortError::refused(
                    "the catch-up marker of the comparison",
                    format!(
                        "not seen on the other side within {waited_ms} ms: see that crossover.catch_up_marker is among the replicated \
                         tables and that replication runs"
                    ),
                ));
            }
            self.clock.sleep_ms(LOOK_EVERY_MS).await;
        }
        Ok(())
    }
}
