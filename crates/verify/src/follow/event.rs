//! What a follower tells while it works.

use crossover_core::{Lsn, routing::Side};
use serde::Serialize;

use crate::{rows::Difference, run::CouldNotRun};

/// Something happened. As JSON each is one object with its name in `event`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum FollowEvent {
    /// Changes are followed from now on.
    Follows { slot: String, resumed: bool },
    /// What an earlier run had done counts no more.
    StartsOver { reason: String },
    /// A table was compared as a whole; `open` rows differed then and are looked at again.
    Compared {
        table: String,
        rows_source: u64,
        rows_target: u64,
        open: u64,
    },
    /// More of its rows have changed than are kept: it is compared as a whole again.
    WholeTable { table: String },
    /// A row that really differs.
    Different {
        table: String,
        /// It goes on changing.
        hot: bool,
        difference: Difference,
    },
    /// More rows of the table differ than are named.
    Truncated { table: String },
    /// A row that was reported is equal after all, or again.
    Withdrawn { table: String, key: Vec<String> },
    /// What was left was verified while nothing changed.
    Remaining {
        /// Every table is equal.
        equal: bool,
        /// Rows that had to be looked at.
        rechecked: u64,
        different_rows: u64,
        /// As many of them as are named.
        different: Vec<DifferingRow>,
        /// Tables of which nothing is known: not compared as a whole yet, or to be compared again.
        unknown: Vec<String>,
        elapsed_ms: u64,
    },
    /// Something the operator should know.
    Note { text: String },
    /// The following has ended.
    Ended {
        /// Everything was compared and nothing differs.
        equal: bool,
        /// Nothing was left to be found out.
        judged: bool,
        /// Tables that were compared, and their rows on the source then.
        tables: usize,
        rows: u64,
        different_rows: u64,
        /// Rows that are not known to be equal and not known to differ.
        open_rows: u64,
        could_not_run: Vec<CouldNotRun>,
    },
    /// The slot stays on the writer for the next run with this checkpoint, and keeps the write-ahead log from this position on.
    SlotLeft {
        slot: String,
        writer: Side,
        keeps_from: Lsn,
    },
}

/// A row that differs, by its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DifferingRow {
    pub table: String,
    pub key: Vec<String>,
}

/// Receives the news.
pub trait EventSink: Send + Sync {
    fn emit(&self, news: &FollowEvent);
}
