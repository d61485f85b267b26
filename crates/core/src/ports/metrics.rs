//! Measured figures and the clock.

use async_trait::async_trait;
use crossover_routing::{Millis, UnixMillis};

use super::PortResult;
use crate::stream::Stream;

/// Figures of the monitoring about replication and servers.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// The newest lag of a stream, from commit to commit, and the age of the figure. `None` without a figure,
    /// which means "not ready" and never "no lag".
    async fn lag(&self, stream: Stream) -> PortResult<Option<LagSample>>;

    /// The newest CPU use of a server, by its name in the monitoring. `None` without a figure.
    ///
    /// # Errors
    /// `Refused` for a name in an unknown form.
    async fn cpu(&self, server: &str) -> PortResult<Option<CpuSample>>;
}

/// One measured CPU use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuSample {
    /// Of all cores together.
    pub percent: u32,
    pub age_ms: Millis,
    /// A figure older than this does not count.
    pub stale_after_ms: Millis,
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
