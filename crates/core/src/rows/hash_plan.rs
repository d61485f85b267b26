//! The form in which both sides hash a table's rows, chosen from both catalogues. Equal rows must have equal
//! hashes and all others different ones, so the hash function of a type is used only where equal values of
//! the type are identical.

use super::{Hashing, KeyShape, TableShape};
use crate::catalogue::TableName;

/// How the value of a column enters the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnEncoding {
    /// smallint and integer.
    Int4,
    /// Any integer.
    Int8,
    Bool,
    Uuid,
    /// Character types whose stored bytes are their value.
    Text,
    Date,
    Timestamp,
    TimestampTz,
    /// A numeric with the same fixed scale on both sides, so that 1.0 and 1.00 cannot both occur.
    FixedNumeric {
        precision: u16,
        scale: u16,
    },
    /// All other types, by their text. Values that these types treat as equal may differ: 1.0 and 1.00, 1 mon
    /// and 30 days, -0 and 0.
    TextCast,
    /// By the text of the type's output function, for types whose cast to text may give another text:
    /// user-defined types, blank-padded texts, xml (the cast keeps a declaration that neither a dump nor a
    /// stream carries) and inet (the cast adds the prefix length of a host).
    TypeOutput,
}

impl ColumnEncoding {
    /// The values are integers, so that a range can be divided at any of them.
    pub const fn is_integer(self) -> bool {
        matches!(self, Self::Int4 | Self::Int8)
    }
}

/// A column in the common form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnPlan {
    pub name: String,
    pub form: ColumnEncoding,
    /// The type in this side's SQL. The texts of a key are cast to it.
    pub sql_type: String,
    /// The column can be NULL on at least one side.
    pub nullable: bool,
}

/// The form in which one side hashes a table. The two sides' forms differ only in facts of their own side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashPlan {
    pub table: TableName,
    /// The table is partitioned on this side.
    pub partitioned: bool,
    /// Sorted by name.
    pub columns: Vec<ColumnPlan>,
    /// Indexes of the key's columns; empty without a common key.
    pub key: Vec<usize>,
    pub hashing: Hashing,
    /// Start of the hash chain. Each run has another one, so that values that collide in one run do not
    /// collide in the next.
    pub seed: i64,
    /// The user's condition on the rows, in SQL.
    pub condition: Option<String>,
}

impl HashPlan {
    pub fn key_columns(&self) -> impl Iterator<Item = &ColumnPlan> {
        self.key.iter().filter_map(|place| self.columns.get(*place))
    }
}

/// The settings of the hash, from the user and from both servers.
#[derive(Debug, Clone)]
pub struct RowOptions {
    pub hashing: Hashing,
    pub seed: i64,
    pub condition: Option<String>,
}

/// Why the rows of two tables cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    #[error("table {table}: columns {} are missing on the {side}", .columns.join(", "))]
    Columns {
        table: TableName,
        side: &'static str,
        columns: Vec<String>,
    },
}

/// The forms for the source and for the target.
///
/// # Errors
/// Columns that only one side has: such rows cannot be compared.
pub fn negotiate(
    source: &TableShape,
    target: &TableShape,
    options: &RowOptions,
) -> Result<(HashPlan, HashPlan), Disagreement> {
    for (side, here, there) in [("target", source, target), ("source", target, source)] {
        let has = |name: &str| there.columns.iter().any(|c| c.name == name);
        let columns: Vec<String> = here
            .columns
            .iter()
            .map(|c| c.name.clone())
            .filter(|name| !has(name))
            .collect();
        if !columns.is_empty() {
            return Err(Disagreement::Columns {
                table: source.table.clone(),
                side,
                columns,
            });
        }
    }
    let key = common_key(&source.keys, &target.keys);
    let form = |own: &TableShape| HashPlan {
        table: own.table.clone(),
        partitioned: own.partitioned,
        columns: source
            .columns
            .iter()
            .zip(&target.columns)
            .zip(&own.columns)
            .map(|((a, b), own)| ColumnPlan {
                name: own.name.clone(),
                form: common_form(a.form, b.form),
                sql_type: own.sql_type.clone(),
                nullable: !(a.not_null && b.not_null),
            })
            .collect(),
        key: key
            .iter()
            .filter_map(|name| own.columns.iter().position(|c| c.name == *name))
            .collect(),
        hashing: options.hashing,
        seed: options.seed,
        condition: options.condition.clone(),
    };
    Ok((form(source), form(target)))
}

/// The first key of the source that the target has too, in any order of columns.
fn common_key(source: &[KeyShape], target: &[KeyShape]) -> Vec<String> {
    let sorted = |key: &KeyShape| {
        let mut columns = key.columns.clone();
        columns.sort();
        columns
    };
    source
        .iter()
        .find(|key| target.iter().any(|other| sorted(key) == sorted(other)))
        .map(|key| key.columns.clone())
        .unwrap_or_default()
}

fn common_form(source: ColumnEncoding, target: ColumnEncoding) -> ColumnEncoding {
    match (source, target) {
        (a, b) if a == b => a,
        (a, b) if a.is_integer() && b.is_integer() => ColumnEncoding::Int8,
        (ColumnEncoding::TypeOutput, _) | (_, ColumnEncoding::TypeOutput) => ColumnEncoding::TypeOutput,
        _ => ColumnEncoding::TextCast,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::ColumnShape;

    fn column(name: &str) -> ColumnShape {
        ColumnShape {
            name: name.into(),
            sql_type: "integer".into(),
            form: ColumnEncoding::Int4,
            not_null: true,
            byte_order: true,
        }
    }

    fn table(columns: Vec<ColumnShape>, keys: &[&[&str]]) -> TableShape {
        TableShape {
            table: TableName {
                schema: "s".into(),
                name: "t".into(),
            },
            partitioned: false,
            rows_hidden: false,
            columns,
            keys: keys
                .iter()
                .map(|names| KeyShape {
                    columns: names.iter().map(|n| (*n).to_owned()).collect(),
                    primary: false,
                })
                .collect(),
            leaves: Vec::new(),
            bytes: 0,
            estimated_rows: 0,
        }
    }

    fn options() -> RowOptions {
        RowOptions {
            hashing: Hashing::TypedHash,
            seed: 1,
            condition: None,
        }
    }

    #[test]
    fn types_that_differ_are_compared_in_a_form_both_have() {
        let cases = [
            (ColumnEncoding::Int4, ColumnEncoding::Int8, ColumnEncoding::Int8),
            (ColumnEncoding::Int4, ColumnEncoding::Int4, ColumnEncoding::Int4),
            (ColumnEncoding::Text, ColumnEncoding::Text, ColumnEncoding::Text),
            (
                ColumnEncoding::TextCast,
                ColumnEncoding::Int8,
                ColumnEncoding::TextCast,
            ),
            (
                ColumnEncoding::Date,
                ColumnEncoding::Timestamp,
                ColumnEncoding::TextCast,
            ),
            (
                ColumnEncoding::Text,
                ColumnEncoding::TypeOutput,
                ColumnEncoding::TypeOutput,
            ),
        ];
        for (a, b, expected) in cases {
            assert_eq!(common_form(a, b), expected, "{a:?} {b:?}");
            assert_eq!(common_form(b, a), expected, "{b:?} {a:?}");
        }
    }

    #[test]
    fn a_numeric_is_hashed_as_such_only_when_its_scale_is_fixed_and_the_same() {
        let fixed = |precision| ColumnEncoding::FixedNumeric { precision, scale: 2 };
        assert_eq!(common_form(fixed(12), fixed(12)), fixed(12));
        assert_eq!(common_form(fixed(12), fixed(10)), ColumnEncoding::TextCast);
        assert_eq!(
            common_form(fixed(12), ColumnEncoding::TextCast),
            ColumnEncoding::TextCast
        );
    }

    #[test]
    fn a_column_that_may_be_null_on_one_side_is_nullable_on_both() {
        let mut loose = column("a");
        loose.not_null = false;
        let (one, two) = negotiate(
            &table(vec![column("a")], &[]),
            &table(vec![loose], &[]),
            &options(),
        )
        .unwrap();
        assert!(one.columns[0].nullable && two.columns[0].nullable);
    }

    #[test]
    fn the_key_is_one_both_sides_have() {
        let columns = || vec![column("a"), column("b"), column("c")];
        let (one, two) = negotiate(
            &table(columns(), &[&["a"], &["c", "b"]]),
            &table(columns(), &[&["b", "c"]]),
            &options(),
        )
        .unwrap();
        assert_eq!(one.key, [2, 1]);
        assert_eq!(one.key, two.key);
        let (none, _) = negotiate(
            &table(columns(), &[&["a"]]),
            &table(columns(), &[&["b"]]),
            &options(),
        )
        .unwrap();
        assert!(none.key.is_empty());
    }

    #[test]
    fn a_column_only_one_side_has_is_named() {
        let wide = table(vec![column("a"), column("b")], &[]);
        let narrow = table(vec![column("a")], &[]);
        let missing = negotiate(&wide, &narrow, &options()).unwrap_err().to_string();
        assert_eq!(missing, "table s.t: columns b are missing on the target");
        let extra = negotiate(&narrow, &wide, &options()).unwrap_err().to_string();
        assert_eq!(extra, "table s.t: columns b are missing on the source");
    }
}
