//! Measured figures, and time.

use async_trait::async_trait;
use crossover_routing::UnixMillis;

use super::PortResult;

/// Figures of the replication as the monitoring has them.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// The newest CDC lag of a task (the larger of source and target latency), in milliseconds, and how old the figure
    /// is. None when there is no figure: that is "not ready", never "no lag".
    async fn cdc_lag(&self, task: &str) -> PortResult<Option<LagSample>>;
}

/// One measured lag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LagSample {
    pub lag_ms: u64,
    pub age_ms: u64,
}

/// Time as a port, so that waiting is testable.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Unix milliseconds.
    fn now_ms(&self) -> u64;
    /// The same as a type of its own.
    fn now(&self) -> UnixMillis {
        UnixMillis(self.now_ms())
    }
    async fn sleep_ms(&self, ms: u64);
}
