//! Rows of two databases, compared exactly.
//!
//! Both servers add up their rows' hashes in chunks; only chunks that differ are looked into, down to the rows and their columns. What
//! changes meanwhile is looked at again once the other side has caught up.

mod again;
mod chunk;
mod chunks;
mod comparison;
mod cuts;
mod difference;
mod disk;
mod down;
mod governor;
mod mismatch_budget;
mod naming;
mod ranges;
mod recheck;
mod result;
mod retries;
mod selection;
mod walk;

pub use chunk::Chunk;
pub use chunks::{Layout, plan_layout};
pub use comparison::Comparison;
pub use difference::{Difference, Kind};
pub use governor::Governor;
pub use ranges::Ranges;
pub use recheck::CatchUp;
pub use result::TableResult;
pub(crate) use retries::with_retries;
pub use selection::{Selection, TablePair, UnknownTables};
pub(crate) use {
    difference::{Mismatch, Mismatches, differing},
    recheck::{KEYS_AT_ONCE, Recheck},
};

/// How to compare.
#[derive(Debug, Clone)]
pub struct RowsOptions {
    /// Chunks under way at the same time on each side.
    pub jobs: usize,
    /// Rows a chunk should have: half of them in a table that is read by its blocks, a quarter where ranges go through the index and
    /// something in the table differs.
    pub chunk_rows: u64,
    /// Differences named in a table; further ones are counted as far as they were looked at.
    pub max_reported: usize,
    /// Rows that differ and are looked at (again) in one pass; with their keys they fit the memory of a small function.
    pub max_rechecked: usize,
    /// Name the columns that differ, which costs one look at each row.
    pub columns: bool,
    /// How long a server may be away before the comparison gives up, in milliseconds.
    pub retry_timeout_ms: u64,
    /// How long rows that differ are looked at again, in milliseconds.
    pub recheck_limit_ms: u64,
    /// Add chunks up once more whose rows differed at first and were found equal later. Costs a look at all their rows, which
    /// only a certificate needs.
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
            retry_timeout_ms: 60_000,
            recheck_limit_ms: 60_000,
            recheck_chunks: false,
        }
    }
}
