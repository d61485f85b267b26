//! The lane: the one place where the writer is decided.

use async_trait::async_trait;
use crossover_routing::{Command, Epoch, LaneRecord};

use super::PortResult;

/// A lane's record, changed by compare-and-set only.
#[async_trait]
pub trait Lane: Send + Sync {
    /// The record now.
    async fn read(&self) -> PortResult<LaneRecord>;

    /// Applies a command if the lane still has the expected epoch; a refusal is [`super::PortError::Refused`]. When the
    /// answer is lost ([`super::PortError::Unreachable`]) the caller reads the lane to learn what happened.
    async fn apply(&self, expected: Epoch, command: Command) -> PortResult<LaneRecord>;
}
