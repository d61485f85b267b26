//! How much may be kept, here and on the writer's disk.

/// Bytes a dirty row costs beside its key's text: its place in the tree and its state.
const ROW_BYTES: u64 = 48;

/// Bounds. What goes beyond them is never forgotten: the table is compared as a whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Keys of changed rows.
    pub rows: u64,
    /// Bytes they take, about.
    pub bytes: u64,
    /// Bytes of the write-ahead log the slot may keep on the writer.
    pub wal: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of_rows(1_000_000)
    }
}

impl Budget {
    /// So many rows with keys of usual length.
    pub const fn of_rows(rows: u64) -> Self {
        let usual = rows.saturating_mul(64);
        Self {
            rows,
            bytes: if usual < 1 << 20 { 1 << 20 } else { usual },
            wal: 8 << 30,
        }
    }
}

/// What is kept now.
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
