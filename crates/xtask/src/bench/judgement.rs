//! Compares the differences reported by a candidate with the planted ones.

use std::collections::BTreeMap;

use crate::bench::planted::{Kind, Planted};

/// A row as a candidate reports it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// `missing`, `extra` or `changed`; otherwise the candidate's own word.
    pub kind: String,
    /// The columns that differ; empty if the candidate does not report columns.
    pub columns: Vec<String>,
}

/// The quality of a candidate's result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// Number of rows reported with the right kind and, if columns are reported, the right column.
    pub found: usize,
    /// Rows that differ and were not reported, or reported wrongly.
    pub missed: Vec<u64>,
    /// Reported rows that do not differ.
    pub invented: Vec<u64>,
}

pub fn judge(planted: &[Planted], named: &BTreeMap<u64, Named>) -> Judgement {
    let mut judgement = Judgement::default();
    for difference in planted {
        let named = named.get(&difference.key);
        if named.is_some_and(|named| is_right(difference.kind, named)) {
            judgement.found += 1;
        } else {
            judgement.missed.push(difference.key);
        }
    }
    let is_planted = |key: &&u64| planted.iter().any(|difference| difference.key == **key);
    judgement.invented = named.keys().filter(|key| !is_planted(key)).copied().collect();
    judgement
}

fn is_right(kind: Kind, named: &Named) -> bool {
    match kind {
        Kind::Missing => named.kind == "missing",
        Kind::Extra => named.kind == "extra",
        Kind::Changed(change) => {
            named.kind == "changed" && (named.columns.is_empty() || named.columns == [change.column])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::planted::planted;

    fn truth(planted: &[Planted]) -> BTreeMap<u64, Named> {
        let named = |kind: Kind| {
            let (kind, columns) = match kind {
                Kind::Missing => ("missing", Vec::new()),
                Kind::Extra => ("extra", Vec::new()),
                Kind::Changed(change) => ("changed", vec![change.column.to_owned()]),
            };
            Named {
                kind: kind.to_owned(),
                columns,
            }
        };
        planted.iter().map(|one| (one.key, named(one.kind))).collect()
    }

    #[test]
    fn the_truth_is_found_with_and_without_columns() {
        let planted = planted(10_000);
        let all = Judgement {
            found: 20,
            ..Judgement::default()
        };
        let mut named = truth(&planted);
        assert_eq!(judge(&planted, &named), all);
        for named in named.values_mut() {
            named.columns.clear();
        }
        assert_eq!(judge(&planted, &named), all);
    }

    #[test]
    fn a_missed_row_an_invented_row_a_wrong_kind_and_a_wrong_column_are_reported() {
        let planted = planted(10_000);
        let mut named = truth(&planted);
        let key = |wanted: fn(&Kind) -> bool| planted.iter().find(|one| wanted(&one.kind)).unwrap().key;
        let changed = key(|kind| matches!(kind, Kind::Changed(_)));
        let missing = key(|kind| *kind == Kind::Missing);
        let extra = key(|kind| *kind == Kind::Extra);
        named.get_mut(&changed).unwrap().columns = vec!["id".to_owned()];
        named.get_mut(&missing).unwrap().kind = "extra".to_owned();
        named.remove(&extra);
        named.insert(7, Named::default());
        let mut missed = vec![changed, missing, extra];
        missed.sort_unstable();
        let expected = Judgement {
            found: 17,
            missed,
            invented: vec![7],
        };
        assert_eq!(judge(&planted, &named), expected);
    }
}
