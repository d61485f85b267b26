//! A row that is not the same on both sides.

use std::collections::BTreeMap;

use crossover_core::rows::{RowHash, RowKey, RowPrint, Shown};
use serde::{Deserialize, Serialize};

/// The kind of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    MissingOnTarget,
    ExtraOnTarget,
    Different,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// The key's columns; all columns if the table has no key.
    pub key: BTreeMap<String, Option<Shown>>,
    pub kind: Kind,
    /// Columns that differ; empty for rows that are missing on one side.
    pub columns: Vec<String>,
    /// How many more rows of this kind one side has; 1 if the table has a key.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u64,
    /// All values of the row on the source, if the row exists and values were requested. Values of the first rows of a
    /// table are kept, up to 8 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<BTreeMap<String, Option<Shown>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<BTreeMap<String, Option<Shown>>>,
    /// What a repair has to find again.
    #[serde(skip)]
    pub seen: Seen,
}

/// The row when it was named, without its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The whole key; without one, the hash of the row.
    pub key: RowKey,
    /// `None` where the side had no such row.
    pub source: Option<RowPrint>,
    pub target: Option<RowPrint>,
    /// The length of all values of both sides.
    pub bytes: u64,
    /// Some value is no text, so no statement can write it.
    pub has_bytes: bool,
}

impl Difference {
    pub(crate) fn without_values(&mut self) {
        self.source = None;
        self.target = None;
    }

    /// Whether the row was read and its values are not kept.
    pub(crate) const fn lacks_values(&self) -> bool {
        let read = self.seen.source.is_some() || self.seen.target.is_some();
        read && self.source.is_none() && self.target.is_none()
    }

    /// The bytes of its values as they are shown.
    pub(crate) fn values_bytes(&self) -> u64 {
        let rows = self.source.iter().chain(&self.target);
        let values = rows.flatten().map(|(name, value)| {
            let shown = value.as_ref().map_or(0, |value| value.text().len());
            name.len() + shown
        });
        values.sum::<usize>() as u64
    }
}

const fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_one(count: &u64) -> bool {
    *count == 1
}

/// One key on both sides, with hash and count; `None` where the side has no such row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mismatch {
    pub source: Option<(i128, u64)>,
    pub target: Option<(i128, u64)>,
}

impl Mismatch {
    pub const fn kind(&self) -> Kind {
        match (self.source, self.target) {
            (Some(_), None) => Kind::MissingOnTarget,
            (None, _) => Kind::ExtraOnTarget,
            (Some((_, here)), Some((_, there))) if here > there => Kind::MissingOnTarget,
            (Some((_, here)), Some((_, there))) if here < there => Kind::ExtraOnTarget,
            (Some(_), Some(_)) => Kind::Different,
        }
    }

    pub fn count(&self) -> u64 {
        let rows = |side: Option<(i128, u64)>| side.map_or(0, |(_, count)| count);
        rows(self.source).abs_diff(rows(self.target)).max(1)
    }
}

/// Keys whose rows differ.
pub type Mismatches = BTreeMap<RowKey, Mismatch>;

/// Matches the rows of both sides by key and keeps those that differ.
pub fn differing(source: Vec<RowHash>, target: Vec<RowHash>) -> Mismatches {
    let mut mismatches: Mismatches = source
        .into_iter()
        .map(|row| {
            let seen = Mismatch {
                source: Some((row.hash, row.count)),
                target: None,
            };
            (row.key, seen)
        })
        .collect();
    for row in target {
        mismatches.entry(row.key).or_default().target = Some((row.hash, row.count));
    }
    mismatches.retain(|_, seen| seen.source != seen.target);
    mismatches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, hash: i128, count: u64) -> RowHash {
        RowHash {
            key: vec![key.to_owned()],
            hash,
            count,
        }
    }

    #[test]
    fn missing_extra_and_changed_rows_all_differ() {
        let found = differing(
            vec![row("1", 1, 1), row("2", 2, 1), row("4", 4, 1)],
            vec![row("1", 1, 1), row("3", 3, 1), row("4", 5, 1)],
        );
        let kinds: Vec<_> = found
            .iter()
            .map(|(key, seen)| (key[0].as_str(), seen.kind()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("2", Kind::MissingOnTarget),
                ("3", Kind::ExtraOnTarget),
                ("4", Kind::Different)
            ]
        );
    }

    #[test]
    fn rows_without_a_key_differ_by_how_many_there_are() {
        let found = differing(
            vec![row("7", 7, 3), row("8", 8, 1)],
            vec![row("7", 7, 1), row("8", 8, 4)],
        );
        let seen: Vec<_> = found.values().map(|s| (s.kind(), s.count())).collect();
        assert_eq!(seen, [(Kind::MissingOnTarget, 2), (Kind::ExtraOnTarget, 3)]);
    }
}
