//! Describes differences: the key, the kind, the columns, the values.

use std::collections::BTreeMap;

use crossover_core::{
    ports::{PortResult, Rows},
    rows::{HashPlan, LONG_BYTES, RowKey, RowShown, Shown},
};

use super::{
    Comparison, Difference,
    difference::{Mismatch, Mismatches, Seen},
};

/// Number of rows whose columns are compared at once, and of bytes that their values may have when they are shown.
const ROWS_AT_ONCE: usize = 200;
const BYTES_AT_ONCE: usize = 2 << 20;
/// Bytes of values that the differences of one table keep. Of further ones only the keys are kept.
pub const VALUES_KEPT: u64 = 8 << 20;

/// Number of rows whose values are read shortened at once.
pub fn shown_at_once(form: &HashPlan) -> usize {
    let row_bytes = form.columns.len().max(1) * LONG_BYTES;
    (BYTES_AT_ONCE / row_bytes).clamp(1, ROWS_AT_ONCE)
}

impl Comparison<'_> {
    /// Adds kind, columns and values to the differing rows. Memory is bounded whatever the values: they are read
    /// shortened, as many rows at a time as fit, and kept only where they are wanted, up to a limit.
    pub(crate) async fn name(
        &self,
        forms: (&HashPlan, &HashPlan),
        found: Mismatches,
    ) -> PortResult<Vec<Difference>> {
        let mut named = Vec::with_capacity(found.len());
        let found: Vec<_> = found.into_iter().collect();
        let mut kept = 0;
        for batch in found.chunks(shown_at_once(forms.0)) {
            let keys: Vec<RowKey> = batch.iter().map(|(key, _)| key.clone()).collect();
            let (ours, theirs) = if self.options.columns {
                futures::try_join!(
                    self.source.shown_of(forms.0, &keys),
                    self.target.shown_of(forms.1, &keys)
                )?
            } else {
                (Vec::new(), Vec::new())
            };
            let by_key = |rows: Vec<RowShown>| -> BTreeMap<RowKey, RowShown> {
                rows.into_iter().map(|row| (row.key.clone(), row)).collect()
            };
            let (ours, theirs) = (by_key(ours), by_key(theirs));
            for (key, seen) in batch {
                let mut row = difference(forms.0, key, *seen, ours.get(key), theirs.get(key));
                kept += row.values_bytes();
                if !self.options.values || kept > VALUES_KEPT {
                    row.without_values();
                }
                if forms.0.key.is_empty() && kept > VALUES_KEPT {
                    row.key = hash_alone(key);
                }
                named.push(row);
            }
        }
        Ok(named)
    }
}

fn difference(
    form: &HashPlan,
    key: &RowKey,
    seen: Mismatch,
    source: Option<&RowShown>,
    target: Option<&RowShown>,
) -> Difference {
    let values = |row: &RowShown| -> BTreeMap<String, Option<Shown>> {
        let names = form.columns.iter().map(|c| c.name.clone());
        names.zip(row.values.iter().cloned()).collect()
    };
    let bytes = |row: Option<&RowShown>| row.map_or(0, RowShown::bytes);
    let seen_values = Seen {
        key: key.clone(),
        source: source.map(RowShown::print),
        target: target.map(RowShown::print),
        bytes: bytes(source) + bytes(target),
        has_bytes: [source, target].into_iter().flatten().any(|row| row.has_bytes),
    };
    let (source, target) = (source.map(values), target.map(values));
    let columns = match (&source, &target) {
        (Some(ours), Some(theirs)) if !form.key.is_empty() => ours
            .iter()
            .filter(|(name, value)| theirs.get(*name) != Some(*value))
            .map(|(name, _)| name.clone())
            .collect(),
        _ => Vec::new(),
    };
    let key = if form.key.is_empty() {
        source
            .as_ref()
            .or(target.as_ref())
            .cloned()
            .unwrap_or_else(|| hash_alone(key))
    } else {
        let names = form.key_columns().map(|c| c.name.clone());
        names
            .zip(key.iter().cloned().map(|text| Some(Shown::of(text))))
            .collect()
    };
    Difference {
        key,
        kind: seen.kind(),
        columns,
        count: seen.count(),
        source,
        target,
        seen: seen_values,
    }
}

/// A row without a key, by its hash.
fn hash_alone(key: &RowKey) -> BTreeMap<String, Option<Shown>> {
    let hash = |text: &String| ("row hash".to_owned(), Some(Shown::of(text.clone())));
    key.iter().map(hash).collect()
}
