//! Limits of the kept state, here and on the writer's disk.

/// Bytes of a dirty row in addition to the text of its key: the tree entry and the state.
const ROW_BYTES: u64 = 48;

/// Limits. Changes beyond them are never forgotten: the table is compared as a whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Keys of changed rows.
    pub rows: u64,
    /// Approximate number of bytes of these keys.
    pub bytes: u64,
    /// Bytes of write-ahead log that the slot may keep on the writer.
    pub wal: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of_rows(1_000_000)
    }
}

impl Budget {
    /// The limits for this many rows with keys of usual length.
    pub const fn of_rows(rows: u64) -> Self {
        let usual = rows.saturating_mul(64);
        Self {
            rows,
            bytes: if usual < 1 << 20 { 1 << 20 } else { usual },
            wal: 8 << 30,
        }
    }
}

/// The current use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spent {
    pub rows: u64,
    pub bytes: u64,
}

impl Spent {
    pub const fn add(&mut self, key: &str) {
        self.rows += 1;
        self.bytes += cost(key);
    }

    pub const fn remove(&mut self, key: &str) {
        self.rows -= 1;
        self.bytes -= cost(key);
    }

    pub const fn is_over(&self, budget: &Budget) -> bool {
        self.rows > budget.rows || self.bytes > budget.bytes
    }
}

const fn cost(key: &str) -> u64 {
    key.len() as u64 + ROW_BYTES
}
