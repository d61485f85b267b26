//! The statement that changes one row, and has no effect unless the row still has the values that were read.

use crossover_core::rows::{Action, ColumnPlan, RowChange, RowTexts, WritableTable};

use crate::{
    quoting::{ident, idents, literal, qualified},
    rows::{expression, relation},
};

/// The statement. The table is called `q`; values are literals, cast from their texts to the column's type on
/// the target.
pub fn statement(table: &WritableTable, change: &RowChange) -> String {
    match change.action() {
        Action::Insert => insert(table, change),
        Action::Update => update(table, change),
        Action::Delete => format!(
            "delete from {} q\nwhere {}",
            relation(&table.form),
            as_seen(table, change)
        ),
    }
}

/// The same statement, returning all columns of the row after the change (or of the deleted row).
pub fn returning(table: &WritableTable, change: &RowChange) -> String {
    format!(
        "{}\nreturning {} as values",
        statement(table, change),
        expression::values_text(&table.form)
    )
}

fn insert(table: &WritableTable, change: &RowChange) -> String {
    let empty = RowTexts::new();
    let after = change.after.as_ref().unwrap_or(&empty);
    let written: Vec<(&ColumnPlan, &Option<String>)> = table
        .form
        .columns
        .iter()
        .zip(after)
        .filter(|(column, _)| !table.writing.generated.contains(&column.name))
        .collect();
    let overriding = if table.writing.always_identity.is_empty() {
        ""
    } else {
        " overriding system value"
    };
    let values: Vec<String> = written
        .iter()
        .map(|(c, text)| value(c, text.as_deref()))
        .collect();
    format!(
        "insert into {} as q ({}){overriding}\nselect {}\nwhere not exists (select from {} q where {})",
        qualified(&table.form.table.schema, &table.form.table.name),
        idents(written.iter().map(|(c, _)| c.name.as_str())),
        values.join(", "),
        relation(&table.form),
        has_key(table, change)
    )
}

fn update(table: &WritableTable, change: &RowChange) -> String {
    let after = change.after.as_deref().unwrap_or_default();
    let sets: Vec<String> = change
        .changing()
        .into_iter()
        .filter_map(|place| table.form.columns.get(place).zip(after.get(place)))
        .filter(|(column, _)| !table.writing.generated.contains(&column.name))
        .map(|(column, text)| format!("{} = {}", ident(&column.name), value(column, text.as_deref())))
        .collect();
    format!(
        "update {} q set {}\nwhere {}",
        relation(&table.form),
        sets.join(", "),
        as_seen(table, change)
    )
}

/// A text, cast to the column's type.
fn value(column: &ColumnPlan, text: Option<&str>) -> String {
    match text {
        Some(text) => format!("{}::{}", literal(text), column.sql_type),
        None => format!("null::{}", column.sql_type),
    }
}

/// The condition that the row exists with unchanged columns: the key alone, for its index, and then the texts
/// of all columns.
fn as_seen(table: &WritableTable, change: &RowChange) -> String {
    let texts: Vec<String> = change
        .before
        .iter()
        .flatten()
        .map(|text| text.as_deref().map_or_else(|| "null".to_owned(), literal))
        .collect();
    format!(
        "{}\n  and ({} collate \"C\") = array[{}]::text[]",
        has_key(table, change),
        expression::values_text(&table.form),
        texts.join(", ")
    )
}

fn has_key(table: &WritableTable, change: &RowChange) -> String {
    let parts: Vec<String> = table
        .form
        .key_columns()
        .zip(&change.key)
        .map(|(column, text)| {
            if table.writing.compared_by_text.contains(&column.name) {
                format!(
                    "({} collate \"C\") = {}",
                    expression::printed(column),
                    literal(text)
                )
            } else {
                format!("q.{} = {}", ident(&column.name), value(column, Some(text)))
            }
        })
        .collect();
    parts.join(" and ")
}

#[cfg(test)]
mod tests {
    use crossover_core::{
        catalogue::TableName,
        rows::{ColumnEncoding, HashPlan, Hashing, TableWriting},
    };

    use super::*;

    fn table() -> WritableTable {
        let name = TableName {
            schema: "s".into(),
            name: "t\"".into(),
        };
        let column = |name: &str, sql_type: &str| ColumnPlan {
            name: name.into(),
            form: ColumnEncoding::TextCast,
            sql_type: sql_type.into(),
            nullable: true,
        };
        WritableTable {
            form: HashPlan {
                table: name.clone(),
                partitioned: false,
                columns: vec![
                    column("id", "bigint"),
                    column("note", "text"),
                    column("sum", "integer"),
                ],
                key: vec![0],
                hashing: Hashing::TypedHash,
                seed: 1,
                condition: None,
            },
            writing: TableWriting {
                table: name,
                granted: true,
                generated: vec!["sum".into()],
                always_identity: vec!["id".into()],
                compared_by_text: Vec::new(),
                refers_to: Vec::new(),
            },
        }
    }

    fn texts(note: Option<&str>) -> RowTexts {
        vec![Some("5".into()), note.map(Into::into), Some("9".into())]
    }

    #[test]
    fn an_insert_leaves_generated_columns_out_and_overrides_identity() {
        let change = RowChange {
            key: vec!["5".into()],
            before: None,
            after: Some(texts(Some("o'clock"))),
        };
        assert_eq!(
            statement(&table(), &change),
            "insert into \"s\".\"t\"\"\" as q (\"id\", \"note\") overriding system value\n\
             select '5'::bigint, 'o''clock'::text\n\
             where not exists (select from only \"s\".\"t\"\"\" q where q.\"id\" = '5'::bigint)"
        );
    }

    #[test]
    fn an_update_sets_the_different_columns_and_requires_the_row_that_was_read() {
        let change = RowChange {
            key: vec!["5".into()],
            before: Some(texts(Some("a"))),
            after: Some(texts(None)),
        };
        assert_eq!(
            statement(&table(), &change),
            "update only \"s\".\"t\"\"\" q set \"note\" = null::text\n\
             where q.\"id\" = '5'::bigint\n  \
             and (array[q.\"id\"::text, q.\"note\"::text, q.\"sum\"::text]::text[] collate \"C\") = array['5', 'a', '9']::text[]"
        );
    }

    #[test]
    fn a_delete_removes_only_the_row_that_was_read() {
        let change = RowChange {
            key: vec!["5".into()],
            before: Some(texts(None)),
            after: None,
        };
        let sql = statement(&table(), &change);
        assert!(sql.starts_with("delete from only \"s\".\"t\"\"\" q\nwhere q.\"id\" = '5'::bigint"));
        assert!(sql.ends_with("= array['5', null, '9']::text[]"), "{sql}");
    }
}
