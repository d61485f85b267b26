//! What a candidate found, held against what there is.

use std::collections::BTreeMap;

use crate::bench::planted::{Kind, Planted};

/// What a candidate says of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// `missing`, `extra` or `changed`; as the candidate said it when it is none of them.
    pub kind: String,
    /// The columns that differ; empty when the candidate does not name them.
    pub columns: Vec<String>,
}

/// How it did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// Rows found with the right kind and, where columns are named, the right column.
    pub found: usize,
    /// Rows that differ and were not named, or not rightly.
    pub missed: Vec<u64>,
    /// Rows named that do not differ.
    pub invented: Vec<u64>,
}

/// Compares.
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
    fn a_row_too_few_one_too_many_a_wrong_kind_and_a_wrong_column_are_told() {
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
        let told = Judgement {
            found: 17,
            missed,
            invented: vec![7],
        };
        assert_eq!(judge(&planted, &named), told);
    }
}
