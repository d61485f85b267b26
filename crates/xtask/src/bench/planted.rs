//! Twenty differences, made on purpose and known.

use std::collections::BTreeMap;

/// How many there are.
pub const COUNT: u64 = 20;

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One column of it was changed on the target.
    Changed(&'static str),
    /// It was deleted on the target.
    Missing,
    /// It was deleted on the source.
    Extra,
}

/// One difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planted {
    pub key: u64,
    pub kind: Kind,
}

/// Every column once, the note from NULL and to NULL, too; and how it is changed.
const CHANGES: [(&str, &str); 8] = [
    ("customer_id", "customer_id + 1"),
    ("placed_at", "placed_at + interval '1 microsecond'"),
    ("note", "null"),
    ("note", "''"),
    ("total", "total + 0.01"),
    ("attributes", "attributes || '{\"items\": 99}'"),
    ("status", "'void'"),
    ("note", "upper(note)"),
];
/// Which of the changes makes a note of NULL, and so needs a row that has none.
const FROM_NULL: usize = 3;

/// The differences in a table of so many rows, evenly over its keys, the kinds mixed.
pub fn planted(rows: u64) -> Vec<Planted> {
    let mut changes = 0;
    (0..COUNT)
        .map(|at| {
            let middle = (2 * at + 1) * rows / (2 * COUNT);
            // Every fiftieth note is NULL (see rows.sql).
            let with_note = middle - middle % 50 + 1;
            match at % 5 {
                1 => Planted {
                    key: with_note,
                    kind: Kind::Missing,
                },
                3 => Planted {
                    key: with_note,
                    kind: Kind::Extra,
                },
                4 if at % 2 == 0 => Planted {
                    key: with_note,
                    kind: Kind::Missing,
                },
                4 => Planted {
                    key: with_note,
                    kind: Kind::Extra,
                },
                _ => {
                    let (column, _) = CHANGES[changes];
                    let key = if changes == FROM_NULL {
                        with_note - 1
                    } else {
                        with_note
                    };
                    changes += 1;
                    Planted {
                        key,
                        kind: Kind::Changed(column),
                    }
                }
            }
        })
        .collect()
}

/// The statements that make them: for the source, and for the target.
pub fn statements(planted: &[Planted]) -> (String, String) {
    let (mut source, mut target) = (String::new(), String::new());
    let mut changes = CHANGES.iter();
    for Planted { key, kind } in planted {
        match kind {
            Kind::Missing => target += &format!("delete from public.orders where id = {key};\n"),
            Kind::Extra => source += &format!("delete from public.orders where id = {key};\n"),
            Kind::Changed(_) => {
                if let Some((column, value)) = changes.next() {
                    target += &format!("update public.orders set {column} = {value} where id = {key};\n");
                }
            }
        }
    }
    (source, target)
}

/// What a contestant says of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// `missing`, `extra` or `changed`; as the contestant said it when it is none of them.
    pub kind: String,
    /// The columns that differ; empty when the contestant does not name them.
    pub columns: Vec<String>,
}

/// What a contestant found, held against what there is.
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
        if named
            .get(&difference.key)
            .is_some_and(|named| is_right(difference.kind, named))
        {
            judgement.found += 1;
        } else {
            judgement.missed.push(difference.key);
        }
    }
    judgement.invented = named
        .keys()
        .filter(|key| !planted.iter().any(|difference| difference.key == **key))
        .copied()
        .collect();
    judgement
}

fn is_right(kind: Kind, named: &Named) -> bool {
    match kind {
        Kind::Missing => named.kind == "missing",
        Kind::Extra => named.kind == "extra",
        Kind::Changed(column) => {
            named.kind == "changed" && (named.columns.is_empty() || named.columns == [column])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(planted: &[Planted]) -> BTreeMap<u64, Named> {
        let named = |kind: Kind| match kind {
            Kind::Missing => Named {
                kind: "missing".to_owned(),
                columns: Vec::new(),
            },
            Kind::Extra => Named {
                kind: "extra".to_owned(),
                columns: Vec::new(),
            },
            Kind::Changed(column) => Named {
                kind: "changed".to_owned(),
                columns: vec![column.to_owned()],
            },
        };
        planted.iter().map(|one| (one.key, named(one.kind))).collect()
    }

    #[test]
    fn the_differences_are_of_all_kinds_and_over_the_whole_range() {
        for rows in [10_000, 200_000, 12_000_000] {
            let planted = planted(rows);
            assert_eq!(planted.len(), COUNT as usize);
            let of = |wanted: fn(&Kind) -> bool| planted.iter().filter(|one| wanted(&one.kind)).count();
            assert_eq!(of(|kind| *kind == Kind::Missing), 6);
            assert_eq!(of(|kind| *kind == Kind::Extra), 6);
            assert_eq!(of(|kind| matches!(kind, Kind::Changed(_))), CHANGES.len());
            assert!(planted.windows(2).all(|pair| pair[0].key < pair[1].key));
            assert!(
                planted[0].key <= rows / 20 && planted[19].key >= rows - rows / 20 && planted[19].key <= rows
            );
        }
    }

    #[test]
    fn a_note_made_of_null_is_made_where_there_is_none() {
        let planted = planted(12_000_000);
        let changed: Vec<&Planted> = planted
            .iter()
            .filter(|one| matches!(one.kind, Kind::Changed(_)))
            .collect();
        for (at, one) in changed.iter().enumerate() {
            assert_eq!(one.key % 50 == 0, at == FROM_NULL, "{one:?}");
        }
        let (source, target) = statements(&planted);
        assert_eq!((source.lines().count(), target.lines().count()), (6, 14));
        assert!(target.contains(&format!("set note = '' where id = {};", changed[FROM_NULL].key)));
    }

    #[test]
    fn the_truth_is_found() {
        let planted = planted(10_000);
        let judgement = judge(&planted, &truth(&planted));
        assert_eq!(
            judgement,
            Judgement {
                found: 20,
                ..Judgement::default()
            }
        );
    }

    #[test]
    fn a_row_too_few_one_too_many_a_wrong_kind_and_a_wrong_column_are_told() {
        let planted = planted(10_000);
        let mut named = truth(&planted);
        let changed = planted
            .iter()
            .find(|one| matches!(one.kind, Kind::Changed(_)))
            .unwrap()
            .key;
        let missing = planted.iter().find(|one| one.kind == Kind::Missing).unwrap().key;
        let extra = planted.iter().find(|one| one.kind == Kind::Extra).unwrap().key;
        named.get_mut(&changed).unwrap().columns = vec!["id".to_owned()];
        named.get_mut(&missing).unwrap().kind = "extra".to_owned();
        named.remove(&extra);
        named.insert(7, Named::default());
        let judgement = judge(&planted, &named);
        let mut missed = vec![changed, missing, extra];
        missed.sort_unstable();
        assert_eq!(
            judgement,
            Judgement {
                found: 17,
                missed,
                invented: vec![7]
            }
        );
    }
}
