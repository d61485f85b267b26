//! Waiting for the follower by a fence: a marker that comes out only behind everything written before it.

use async_trait::async_trait;
use crossover_core::ports::{Clock, Fence, PortError, PortResult};

use crate::rows::CatchUp;

const LOOK_EVERY_MS: u64 = 5;

/// Needs the leave to write the table `crossover.fence` on the writer, and the table among those that are replicated.
pub struct ByFence<'a> {
    pub writer: &'a dyn Fence,
    pub follower: &'a dyn Fence,
    pub clock: &'a dyn Clock,
    /// Tells the markers of this run from others.
    pub run: String,
    /// How long a fence may take, in milliseconds.
    pub limit_ms: u64,
}

#[async_trait]
impl CatchUp for ByFence<'_> {
    async fn pass(&self) -> PortResult<()> {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let began = self.clock.now_ms();
        self.writer.raise_fence(&self.run, &nonce).await?;
        while self.follower.count_fence(&self.run, &nonce).await? == 0 {
            let waited_ms = self.clock.now_ms().saturating_sub(began);
            if waited_ms >= self.limit_ms {
                return Err(PortError::refused(
                    "the fence of the comparison",
                    format!(
                        "not seen on the other side within {waited_ms} ms: see that crossover.fence is among the replicated \
                         tables and that replication runs"
                    ),
                ));
            }
            self.clock.sleep_ms(LOOK_EVERY_MS).await;
        }
        Ok(())
    }
}
