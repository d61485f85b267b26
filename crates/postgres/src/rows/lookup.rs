//! Reads rows by their keys through the key's index, in a time that does not depend on the size of the table.

use std::fmt::Write as _;

use crossover_core::{
    ports::{PortError, PortResult},
    rows::{HashPlan, Hashing, Region, RowHash, RowKey, RowShown, RowValues, Shown},
};
use tokio_postgres::{Row, error::SqlState, types::Type};

use super::{expression, region::from_where};
use crate::{PostgresDatabase, errors::Failure, kept::Param, quoting::ident};

impl PostgresDatabase {
    pub(super) async fn hashes_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
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

    pub(super) async fn row_values(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowValues>> {
        let rows = self.valued(form, keys, &expression::values_text(form)).await?;
        rows.iter()
            .map(|row| {
                Ok(RowValues {
                    key: self.read(row, "key")?,
                    values: self.read(row, "values")?,
                })
            })
            .collect()
    }

    pub(super) async fn row_shown(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowShown>> {
        let rows = self.valued(form, keys, &expression::values_shown(form)).await?;
        rows.iter()
            .map(|row| {
                // NULL for a table without columns.
                let mut texts: Vec<Option<Vec<u8>>> =
                    self.read::<Option<_>>(row, "values")?.unwrap_or_default();
                let measures = texts.split_off(texts.len() / 2);
                let has_bytes = texts
                    .iter()
                    .flatten()
                    .any(|text| std::str::from_utf8(text).is_err());
                let values = texts.into_iter().zip(measures);
                Ok(RowShown {
                    key: self.read(row, "key")?,
                    values: values
                        .map(|(text, measure)| self.shown(text, measure))
                        .collect::<PortResult<_>>()?,
                    has_bytes,
                })
            })
            .collect()
    }

    fn shown(&self, text: Option<Vec<u8>>, measure: Option<Vec<u8>>) -> PortResult<Option<Shown>> {
        let text = text.map(readable);
        let Some((head, measure)) = text.as_ref().zip(measure.map(readable)) else {
            return Ok(text.map(Shown::Whole));
        };
        let long = measure.split_once(' ').and_then(|(bytes, sha256)| {
            Some(Shown::Long {
                head: head.clone(),
                bytes: bytes.parse().ok()?,
                sha256: sha256.to_owned(),
            })
        });
        long.map(Some)
            .ok_or_else(|| PortError::unexpected(self.what(), format!("length and hash {measure:?}")))
    }

    /// The rows with an expression of them, as `values`.
    async fn valued(&self, form: &HashPlan, keys: &[RowKey], values: &str) -> PortResult<Vec<Row>> {
        if form.key.is_empty() && form.hashing == Hashing::Stream {
            // The server cannot compute these hashes.
            return Ok(Vec::new());
        }
        if !form.key.is_empty() {
            return Ok(self.keyed(form, keys, &format!("{values} as values")).await?);
        }
        let hashes = numbers(keys);
        let mut hash = "h".to_owned();
        while form.columns.iter().any(|column| column.name == hash) {
            hash.push('_');
        }
        // Rows are chosen by their hashes before the values are printed.
        let sql = format!(
            "select distinct on (h) array[h::text] as key, v as values from (select q.{hash} as h, {values} as v from \
             (select {} as {hash}, q.* from {} offset 0) q where q.{hash} = any ($1) offset 0) x",
            expression::row_hash(form),
            from_where(form, &Region::Whole)
        );
        Ok(self.read_rows(&sql, &[(&hashes, Type::INT8_ARRAY)], None).await?)
    }

    /// Reads the values and hashes them in this process.
    async fn streamed_hashes_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
        self.streamed_rows(form, &Region::Whole, |row| keys.contains(&row.key), None)
            .await
    }

    async fn keyed(&self, form: &HashPlan, keys: &[RowKey], what: &str) -> Result<Vec<Row>, Failure> {
        let values = self.key_texts(form, keys)?;
        let params = key_params(&values);
        match self
            .read_rows(&keyed_sql(form, what, KeyEquality::Typed), &params, None)
            .await
        {
            // The key's type has no `=` in pg_catalog, so the texts are compared.
            Err(failure) if failure.is(&SqlState::UNDEFINED_FUNCTION) => {
                self.read_rows(&keyed_sql(form, what, KeyEquality::Text), &params, None)
                    .await
            }
            rows => rows,
        }
    }

    /// The texts of keys, column by column.
    pub(crate) fn key_texts<'k>(&self, form: &HashPlan, keys: &'k [RowKey]) -> PortResult<Vec<Vec<&'k str>>> {
        let width = form.key.len();
        let mut values: Vec<Vec<&str>> = vec![Vec::with_capacity(keys.len()); width];
        for key in keys {
            if key.len() != width {
                return Err(self.refused(format!("{key:?} is not a key of table {}", form.table)));
            }
            for (column, text) in values.iter_mut().zip(key) {
                column.push(text);
            }
        }
        Ok(values)
    }
}

/// A text, or the bytes of what is none in hexadecimal digits.
fn readable(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let mut text = "\\x".to_owned();
        for byte in error.as_bytes() {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    })
}

/// How a key is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEquality {
    /// By the type's own `=`, through the key's index.
    Typed,
    /// By its text.
    Text,
}

/// Arrays of texts as parameters, one for each key column.
pub fn key_params<'p>(values: &'p [Vec<&str>]) -> Vec<Param<'p>> {
    values
        .iter()
        .map(|column| (column as _, Type::TEXT_ARRAY))
        .collect()
}

/// Selects the rows whose keys are the parameters. The table is called `q`. Keys are made distinct by their texts: a type
/// may take two of them for one (citext, a collation that ignores case) and still have both as rows of the two sides. A
/// row that two texts find is returned twice.
pub fn keyed_sql(form: &HashPlan, what: &str, equality: KeyEquality) -> String {
    let width = form.key.len();
    let arrays: Vec<String> = (1..=width).map(|place| format!("${place}::text[]")).collect();
    let names: Vec<String> = (1..=width).map(|place| format!("c{place}")).collect();
    let select = format!("select {} as key, {what}", expression::key_text(form));
    let mut conditions: Vec<String> = Vec::new();
    let wanted = match equality {
        KeyEquality::Typed => {
            let equal = form
                .key_columns()
                .zip(&names)
                .map(|(column, name)| format!("q.{} = k.{name}", ident(&column.name)));
            conditions.extend(equal);
            let casts: Vec<String> = form
                .key_columns()
                .zip(&names)
                .map(|(column, name)| format!("k.{name}::{} as {name}", column.sql_type))
                .collect();
            casts.join(", ")
        }
        KeyEquality::Text => {
            let texts: Vec<String> = names.iter().map(|name| format!("k.{name}")).collect();
            conditions.push(format!(
                "{} = array[{}]",
                expression::key_text(form),
                texts.join(", ")
            ));
            "*".to_owned()
        }
    };
    conditions.extend(form.condition.iter().map(|c| format!("({c}\n)")));
    format!(
        "{select} from {} q join (select {wanted} from (select distinct * from unnest({}) as k ({})) k) k on {}",
        super::region::relation(form),
        arrays.join(", "),
        names.join(", "),
        conditions.join(" and ")
    )
}

/// The hashes that identify rows of a table without a key.
fn numbers(keys: &[RowKey]) -> Vec<i64> {
    keys.iter().filter_map(|key| key.first()?.parse().ok()).collect()
}
