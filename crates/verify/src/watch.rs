//! Progress events of a comparison.

use crossover_core::{Millis, routing::Side};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// The amount of work; rows according to the statistics, both sides together.
    Planned { tables: usize, rows: u64 },
    /// Sent before any row is read: this table will not be compared.
    NotCompared {
        name: &'a str,
        reason: &'a str,
        remedy: &'a str,
    },
    /// The comparison of a table starts.
    Table { name: &'a str },
    /// Rows that were hashed on one side.
    Rows { count: u64 },
    /// The comparison of a table is complete.
    Done { name: &'a str, equal: bool },
    /// A snapshot of a side begins or ends; a side has at most one at a time, one for each table where several are compared.
    Snapshot { side: Side, held: bool },
    /// The comparison pauses to relieve a server.
    Waiting { reason: &'a str },
    /// A server no longer answers; it is asked again for as long as `patience`.
    Away {
        side: Side,
        reason: &'a str,
        patience: Millis,
    },
    /// The server answers again.
    Answers { side: Side },
    /// The server was away for too long: the tables that are left are not compared.
    GivenUp { side: Side, reason: &'a str },
}

/// Receives the events. Called often, so the method must return quickly.
pub trait Watch: Send + Sync {
    fn event(&self, event: &Event<'_>);
}

/// Ignores all events.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Watch for Silent {
    fn event(&self, _: &Event<'_>) {}
}

/// Passes on all events except rows: for a second read of rows that were already reported.
pub(crate) struct SecondRead<'a>(pub &'a dyn Watch);

impl Watch for SecondRead<'_> {
    fn event(&self, event: &Event<'_>) {
        if !matches!(event, Event::Rows { .. }) {
            self.0.event(event);
        }
    }
}
