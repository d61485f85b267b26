//! The lane: the only place that decides which side is the writer.

use async_trait::async_trait;
use crossover_routing::{Command, Epoch, LaneRecord, Traffic};

use super::PortResult;

/// A lane's record, changed by compare-and-set only.
#[async_trait]
pub trait Lane: Send + Sync {
    async fn read(&self) -> PortResult<LaneRecord>;

    /// The writes in flight at the edge. Under the hold the lane answers when there are none, at the latest
    /// after a fraction of a second.
    async fn traffic(&self) -> PortResult<Traffic>;

    /// Applies a command if the lane still has the expected epoch.
    ///
    /// # Errors
    /// [`super::PortError::Refused`] where the lane refuses the command. [`super::PortError::Unreachable`]
    /// where the answer is lost: the caller then reads the lane to see whether the command was applied.
    async fn apply(&self, expected: Epoch, command: Command) -> PortResult<LaneRecord>;
}
