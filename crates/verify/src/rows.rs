//! Exact comparison of the rows of two databases.
//!
//! Both servers sum their rows' hashes in chunks; only chunks that differ are examined, down to the rows and
//! their columns. Rows that change during the comparison are checked again after the other side has caught
//! up.

use crossover_core::Millis;

mod again;
mod attended;
mod chunk;
mod chunks;
mod comparison;
mod cuts;
mod difference;
mod disk;
mod down;
mod governor;
mod held;
mod mismatch_budget;
mod naming;
mod presence;
mod ranges;
mod read_again;
mod recheck;
mod result;
mod search;
mod selection;
mod small;
mod walk;

pub use attended::Attended;
pub use chunk::Chunk;
pub use chunks::{Layout, plan_layout};
pub use comparison::Comparison;
pub use difference::{Difference, Kind, Seen};
pub use governor::Governor;
pub use ranges::Ranges;
pub use recheck::CatchUp;
pub use result::TableResult;
pub use selection::{Selection, TablePair, UnknownTables};
pub(crate) use {
    difference::{Mismatch, Mismatches, differing},
    naming::{VALUES_KEPT, shown_at_once},
    recheck::{KEYS_AT_ONCE, Recheck},
};

/// Options of the comparison.
#[derive(Debug, Clone)]
pub struct RowsOptions {
    /// Concurrent chunks on each side.
    pub jobs: usize,
    /// Target number of rows in a chunk: half of this number in a table that is read by its blocks, a quarter
    /// where ranges are read through the index and the table has a difference.
    pub chunk_rows: u64,
    /// Maximum number of differences reported for a table; further ones are counted as far as they were
    /// examined.
    pub max_reported: usize,
    /// Maximum number of differing rows that are checked (again) in one pass; with their keys they fit the
    /// memory of a small function.
    pub max_rechecked: usize,
    /// Report the columns that differ, which costs one read of each differing row.
    pub columns: bool,
    /// Keep the values of rows that differ.
    pub values: bool,
    /// How long a server may be unavailable before the comparison gives up.
    pub retry_timeout_ms: Millis,
    /// How long rows that differ are rechecked.
    pub recheck_limit_ms: Millis,
    /// Sum chunks again whose rows differed at first and were found equal later. This costs a read of all
    /// their rows, and only a certificate needs it.
    pub recheck_chunks: bool,
}

impl Default for RowsOptions {
    fn default() -> Self {
        Self {
            jobs: 2,
            chunk_rows: 131_072,
            max_reported: 1_000,
            max_rechecked: 50_000,
            columns: true,
            values: false,
            retry_timeout_ms: Millis(60_000),
            recheck_limit_ms: Millis(60_000),
            recheck_chunks: false,
        }
    }
}
