//! Rows by their keys, through the key's index, whatever the size of the table.

use crossover_core::{
    ports::PortResult,
    rows::{Hashing, Region, RowHash, RowKey, RowValues, TableForm},
};
use tokio_postgres::{
    Row,
    error::SqlState,
    types::{ToSql, Type},
};

use super::{expression, region::from_where};
use crate::{PostgresDatabase, errors::Failure, quoting::ident};

impl PostgresDatabase {
    pub(super) async fn hashes_of(&self, form: &TableForm, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
        if form.hashing == Hashing::Stream {
            return self.streamed_hashes_of(form, keys).await;
        }
        let rows = if form.key.is_empty() {
            let hashes = numbers(keys);
            let sql = format!(
                "select array[h::text] as key, h as hash, count(*) as count from (select {} as h from {} offset 0) x \
                 where h = any ($1) group by h",
                expression::row_hash(form),
                from_where(form, &Region::Whole)
            );
            self.read_rows(&sql, &[(&hashes, Type::INT8_ARRAY)], None).await?
        } else {
            let what = format!("{} as hash, 1::int8 as count", expression::row_hash(form));
            self.keyed(form, keys, &what).await?
        };
        self.row_hashes(&rows)
    }

    pub(super) async fn row_values(&self, form: &TableForm, keys: &[RowKey]) -> PortResult<Vec<RowValues>> {
        let what = format!("{} as values", expression::values_text(form));
        let rows = if form.key.is_empty() && form.hashing != Hashing::Stream {
            let hashes = numbers(keys);
            let sql = format!(
                "select distinct on (h) array[h::text] as key, v as values from (select {} as h, {} as v from {} offset 0) x \
                 where h = any ($1)",
                expression::row_hash(form),
                expression::values_text(form),
                from_where(form, &Region::Whole)
            );
            self.read_rows(&sql, &[(&hashes, Type::INT8_ARRAY)], None).await?
        } else if form.key.is_empty() {
            // The server does not know these hashes.
            Vec::new()
        } else {
            self.keyed(form, keys, &what).await?
        };
        rows.iter()
            .map(|row| {
                Ok(RowValues {
                    key: self.read(row, "key")?,
                    values: self.read(row, "values")?,
                })
            })
            .collect()
    }

    /// Without the server's help the values come here and are hashed here.
    async fn streamed_hashes_of(&self, form: &TableForm, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
        self.streamed_rows(form, &Region::Whole, |row| keys.contains(&row.key), None)
            .await
    }

    async fn keyed(&self, form: &TableForm, keys: &[RowKey], what: &str) -> Result<Vec<Row>, Failure> {
        let width = form.key.len();
        let mut values: Vec<Vec<&str>> = vec![Vec::with_capacity(keys.len()); width];
        for key in keys {
            if key.len() != width {
                return Err(self
                    .refused(format!("{key:?} is no key of table {}", form.table))
                    .into());
            }
            for (column, text) in values.iter_mut().zip(key) {
                column.push(text);
            }
        }
        let arrays: Vec<String> = (1..=width).map(|place| format!("${place}::text[]")).collect();
        let names: Vec<String> = (1..=width).map(|place| format!("c{place}")).collect();
        let casts: Vec<String> = form
            .key_columns()
            .zip(&names)
            .map(|(column, name)| format!("k.{name}::{} as {name}", column.sql_type))
            .collect();
        let equal: Vec<String> = form
            .key_columns()
            .zip(&names)
            .map(|(column, name)| format!("q.{} = k.{name}", ident(&column.name)))
            .collect();
        let select = format!("select {} as key, {what}", expression::key_text(form));
        let mut conditions = equal;
        conditions.extend(form.condition.iter().map(|c| format!("({c}\n)")));
        let sql = format!(
            "{select} from {} q join (select distinct {} from unnest({}) as k ({})) k on {}",
            super::region::relation(form),
            casts.join(", "),
            arrays.join(", "),
            names.join(", "),
            conditions.join(" and ")
        );
        let params: Vec<(&(dyn ToSql + Sync), Type)> = values
            .iter()
            .map(|column| (column as _, Type::TEXT_ARRAY))
            .collect();
        match self.read_rows(&sql, &params, None).await {
            // The key's type has no `=` in pg_catalog: its text has.
            Err(failure) if failure.is(&SqlState::UNDEFINED_FUNCTION) => {
                let texts: Vec<String> = (1..=width).map(|place| format!("k.c{place}")).collect();
                let sql = format!(
                    "{select} from {} q join (select distinct * from unnest({}) as k ({})) k on {} = array[{}]",
                    super::region::relation(form),
                    arrays.join(", "),
                    names.join(", "),
                    expression::key_text(form),
                    texts.join(", ")
                );
                self.read_rows(&sql, &params, None).await
            }
            rows => rows,
        }
    }
}

/// Keys of rows without a key are their hashes.
fn numbers(keys: &[RowKey]) -> Vec<i64> {
    keys.iter().filter_map(|key| key.first()?.parse().ok()).collect()
}
