//! A row to repair, as the comparison saw it: without its values, which may be of any length. They are read again when
//! they are needed, a few rows at a time.

use std::collections::BTreeMap;

use crossover_core::rows::{Action, RowChange, RowKey, RowPrint, RowTexts, RowValues};

/// Bytes of values, of both sides together, that are in memory at once. A single row may have more.
const BYTES_AT_ONCE: u64 = 4 << 20;

/// A planned change; at least one of the two rows exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub key: RowKey,
    /// The row of the target; `None` for a row to insert.
    pub before: Option<RowPrint>,
    /// The row of the source; `None` for a row to delete.
    pub after: Option<RowPrint>,
    /// The columns that differ; empty for an insert or a delete.
    pub columns: Vec<String>,
    /// The length of all values of both rows.
    pub bytes: u64,
}

impl Planned {
    pub const fn action(&self) -> Action {
        match (&self.before, &self.after) {
            (_, None) => Action::Delete,
            (None, Some(_)) => Action::Insert,
            (Some(_), Some(_)) => Action::Update,
        }
    }

    /// The change with all values; `None` if one of the rows is no longer what the comparison saw.
    pub fn with_values(&self, before: Option<RowTexts>, after: Option<RowTexts>) -> Option<RowChange> {
        (is(before.as_ref(), self.before) && is(after.as_ref(), self.after)).then(|| RowChange {
            key: self.key.clone(),
            before,
            after,
        })
    }
}

/// Whether a row has these values.
pub fn is(row: Option<&RowTexts>, seen: Option<RowPrint>) -> bool {
    row.map(|values| RowPrint::of(values)) == seen
}

/// Rows by their keys.
pub fn by_key(rows: Vec<RowValues>) -> BTreeMap<RowKey, RowTexts> {
    rows.into_iter().map(|row| (row.key, row.values)).collect()
}

/// The lengths of portions of at most `most` rows each, whose values fit into memory.
pub fn portions(rows: impl Iterator<Item = u64>, most: usize) -> Vec<usize> {
    let mut lengths = Vec::new();
    let (mut length, mut sum) = (0, 0);
    for bytes in rows {
        if length == most.max(1) || length > 0 && sum + bytes > BYTES_AT_ONCE {
            lengths.push(length);
            (length, sum) = (0, 0);
        }
        length += 1;
        sum += bytes;
    }
    lengths.extend((length > 0).then_some(length));
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_cut_by_rows_and_by_bytes() {
        let cut = |rows: &[u64], most| portions(rows.iter().copied(), most);
        assert_eq!(cut(&[1; 7], 3), [3, 3, 1]);
        let mb = 1 << 20;
        assert_eq!(cut(&[mb, mb, 3 * mb, 9 * mb, 1], 100), [2, 1, 1, 1]);
        assert_eq!(cut(&[], 3), [0; 0]);
    }
}
