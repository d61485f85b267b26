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
    async fn lag(&self, stream: Stream) -> PortResult<Option<Figure<Millis>>>;

    /// The newest CPU use of a server, all cores together, in percent; by the server's name in the monitoring.
    /// `None` without a figure.
    ///
    /// # Errors
    /// `Refused` for a name in an unknown form.
    async fn cpu(&self, server: &str) -> PortResult<Option<Figure<u32>>>;
}

/// A figure of the monitoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure<T> {
    pub value: T,
    pub age_ms: Millis,
    /// A figure older than this does not count: the monitoring should have newer ones by then.
    pub stale_after_ms: Millis,
}

impl<T> Figure<T> {
    /// Another value of the same age.
    pub fn with<U>(&self, value: U) -> Figure<U> {
        Figure {
            value,
            age_ms: self.age_ms,
            stale_after_ms: self.stale_after_ms,
        }
    }

    /// The value, if there is a figure that counts; otherwise why it is unknown. `what` names the figure.
    ///
    /// # Errors
    /// The reason, for people.
    pub fn known(figure: Option<Self>, what: &str) -> Result<T, String> {
        match figure {
            None => Err(format!("the monitoring has no {what}")),
            Some(old) if old.age_ms > old.stale_after_ms => Err(format!(
                "the newest {what} is {} ms old; it counts for {} ms",
                old.age_ms, old.stale_after_ms
            )),
            Some(figure) => Ok(figure.value),
        }
    }
}

/// Time as a port, so that tests control the waiting.
#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> UnixMillis;
    async fn sleep(&self, length: Millis);
}
