//! What lag-wait waits for.

use crossover_core::{Millis, StageError};
use serde::Serialize;

/// Why the cutover cannot start yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    pub what: What,
    /// For people, with the figures of the moment.
    pub reason: String,
}

/// The kind of an obstacle, in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The stream does not exist or does not run.
    Stream,
    /// The existing rows are not loaded yet.
    InitialLoad,
    /// Tables whose changes the stream does not carry.
    Tables,
    LongTransaction,
    /// The monitoring has no figure that counts.
    Figure,
    /// A deployment of the Worker is under way.
    TwoVersions,
    SlowWrites,
    /// A write at the edge that has had no answer for long.
    StuckWrite,
    /// More writes would be held than the edge holds.
    HeldWrites,
    BusyServer,
    /// A server without sessions for the application.
    FullServer,
    Lag,
    /// Nothing stands in the way, but not for long enough yet.
    Stability,
}

impl What {
    /// Waiting does not help: somebody has to correct something. Otherwise less load may be enough.
    const fn is_a_fault(self) -> bool {
        matches!(self, Self::Stream | Self::Tables | Self::Figure)
    }
}

impl Obstacle {
    pub const fn new(what: What, reason: String) -> Self {
        Self { what, reason }
    }

    /// The error of a wait that has reached its limit.
    pub fn into_error(self, waited: Millis) -> StageError {
        let reason = format!("{} (waited {waited} ms)", self.reason);
        if self.what.is_a_fault() {
            StageError::ReplicationNotReady { reason }
        } else {
            StageError::TooBusy { reason }
        }
    }
}
