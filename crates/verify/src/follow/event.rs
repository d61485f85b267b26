//! The events a follower reports while it works.

use crossover_core::{Millis, Position, routing::Side};
use serde::Serialize;

use crate::{rows::Difference, run::CouldNotRun};

/// An event. In JSON each event is one object with its name in `event`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum FollowEvent {
    /// Changes are followed from now on.
    Follows { slot: String, resumed: bool },
    /// The progress of an earlier run is discarded.
    StartsOver { reason: String },
    /// A table was compared as a whole; `open` rows differed then and are checked again.
    Compared {
        table: String,
        rows_source: u64,
        rows_target: u64,
        open: u64,
    },
    /// More rows of the table have changed than can be kept: the table is compared as a whole again.
    WholeTable { table: String },
    /// A row is known to differ.
    Different {
        table: String,
        /// The row continues to change.
        hot: bool,
        difference: Difference,
    },
    /// More rows of the table differ than are reported.
    Truncated { table: String },
    /// A reported row is equal now.
    Withdrawn { table: String, key: Vec<String> },
    /// The remaining rows were verified while no session wrote.
    Remaining {
        /// Every table is equal.
        equal: bool,
        /// Rows that had to be checked.
        rechecked: u64,
        different_rows: u64,
        /// The differing rows, up to the reporting limit.
        different: Vec<DifferingRow>,
        /// Tables whose state is unknown: not compared as a whole yet, or to be compared again.
        unknown: Vec<String>,
        elapsed_ms: Millis,
    },
    /// A notice for the operator.
    Note { text: String },
    /// Following has ended.
    Ended {
        /// Everything was compared and no row differs.
        equal: bool,
        /// Every row had been judged.
        judged: bool,
        /// Number of compared tables, and their rows on the source at that time.
        tables: usize,
        rows: u64,
        different_rows: u64,
        /// Rows that are neither known to be equal nor known to differ.
        open_rows: u64,
        could_not_run: Vec<CouldNotRun>,
    },
    /// The slot stays on the writer for the next run with this checkpoint, and keeps the write-ahead log from
    /// this position on.
    SlotLeft {
        slot: String,
        writer: Side,
        keeps_from: Position,
    },
}

/// A row that differs, by its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DifferingRow {
    pub table: String,
    pub key: Vec<String>,
}

/// Receives the events.
pub trait EventSink: Send + Sync {
    fn emit(&self, event: &FollowEvent);
}
