//! Describes differences: the key, the kind, the columns, the values.

use std::collections::BTreeMap;

use crossover_core::{
    ports::{PortResult, Rows},
    rows::{HashPlan, RowKey, RowValues},
};

use super::{
    Comparison, Difference,
    difference::{Mismatch, Mismatches},
};

/// Number of rows whose columns are compared at once.
const VALUES_AT_ONCE: usize = 200;

impl Comparison<'_> {
    /// Adds kind, columns and values to the differing rows.
    pub(crate) async fn name(
        &self,
        forms: (&HashPlan, &HashPlan),
        found: Mismatches,
    ) -> PortResult<Vec<Difference>> {
        let mut named = Vec::with_capacity(found.len());
        let found: Vec<_> = found.into_iter().collect();
        for batch in found.chunks(VALUES_AT_ONCE) {
            let keys: Vec<RowKey> = batch.iter().map(|(key, _)| key.clone()).collect();
            let (ours, theirs) = if self.options.columns {
                futures::try_join!(
                    self.source.values_of(forms.0, &keys),
                    self.target.values_of(forms.1, &keys)
                )?
            } else {
                (Vec::new(), Vec::new())
            };
            let by_key = |rows: Vec<RowValues>| -> BTreeMap<RowKey, RowValues> {
                rows.into_iter().map(|row| (row.key.clone(), row)).collect()
            };
            let (ours, theirs) = (by_key(ours), by_key(theirs));
            for (key, seen) in batch {
                named.push(difference(forms.0, key, *seen, ours.get(key), theirs.get(key)));
            }
        }
        Ok(named)
    }
}

fn difference(
    form: &HashPlan,
    key: &RowKey,
    seen: Mismatch,
    source: Option<&RowValues>,
    target: Option<&RowValues>,
) -> Difference {
    let values = |row: &RowValues| -> BTreeMap<String, Option<String>> {
        let names = form.columns.iter().map(|c| c.name.clone());
        names.zip(row.values.iter().cloned()).collect()
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
        source.as_ref().or(target.as_ref()).cloned().unwrap_or_else(|| {
            key.iter()
                .map(|hash| ("row hash".to_owned(), Some(hash.clone())))
                .collect()
        })
    } else {
        let names = form.key_columns().map(|c| c.name.clone());
        names.zip(key.iter().cloned().map(Some)).collect()
    };
    Difference {
        key,
        kind: seen.kind(),
        columns,
        count: seen.count(),
        source,
        target,
    }
}
