//! Measured figures and the clock.

use async_trait::async_trait;
use crossover_routing::{Millis, UnixMillis};

use super::PortResult;
use crate::stream::Stream;

/// Figures of the monitoring about replication.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// The newest lag of a stream, from commit to commit, and the age of the figure. `None` without a figure,
    /// which means "not ready" and never "no lag".
    async fn lag(&self, stream: Stream) -> PortResult<Option<LagSample>>;
}

/// One measured lag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LagSample {
    pub lag_ms: Millis,
    pub age_ms: Millis,
    /// A figure older than this does not count: the monitoring should have newer ones by then.
    pub stale_after_ms: Millis,
}

/// Time as a port, so that tests control the waiting.
#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> UnixMillis;
    async fn sleep(&self, length: Millis);
}
