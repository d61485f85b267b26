//! Row content, hashed on the server.
//!
//! A row's text is `row(columns by name)::text`: it tells NULL from an empty text and 1.0 from 1.00, and does not depend
//! on the order of columns. Sessions pin everything else that values' texts depend on.

use std::collections::BTreeMap;

use async_trait::async_trait;
use crossover_core::{
    catalogue::TableName,
    ports::{PortError, PortResult, RowDigest, RowHash, Rows},
};
use tokio_postgres::{error::SqlState, types::Type};

use crate::{
    PostgresDatabase,
    quoting::{ident, qualified},
    record_text,
    row_hash::RowHasher,
};

const COLUMNS: &str = include_str!("sql/columns.sql");

struct Column {
    name: String,
    sql_type: String,
    in_key: bool,
}

/// A table as the statements below need it.
struct Shape {
    from: String,
    /// Text of all columns.
    row: String,
    /// Text of the primary key; of the whole row where there is none.
    key: String,
    key_columns: Vec<(String, String)>,
    hasher: RowHasher,
}

fn text_of<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let columns: Vec<String> = columns
        .map(|column| format!("q.{}", ident(&column.name)))
        .collect();
    format!("(row({})::text collate \"C\")", columns.join(", "))
}

impl PostgresDatabase {
    async fn shape(&self, table: &TableName) -> PortResult<Shape> {
        let params = [(&table.schema as _, Type::TEXT), (&table.name as _, Type::TEXT)];
        let columns = async { Ok(self.query(COLUMNS, &params).await?) };
        let (rows, hasher) = tokio::try_join!(columns, self.row_hasher())?;
        if rows.is_empty() {
            return Err(PortError::missing(format!("table {table} in {}", self.what())));
        }
        let mut columns = Vec::new();
        for row in &rows {
            // A table without columns comes as one row without a name.
            if let Some(name) = self.read(row, "name")? {
                columns.push(Column {
                    name,
                    sql_type: self.read(row, "sql_type")?,
                    in_key: self.read(row, "in_key")?,
                });
            }
        }
        let row = text_of(columns.iter());
        let keyed = columns.iter().any(|column| column.in_key);
        let key = if keyed {
            text_of(columns.iter().filter(|column| column.in_key))
        } else {
            row.clone()
        };
        Ok(Shape {
            from: qualified(&table.schema, &table.name),
            row,
            key,
            key_columns: columns
                .into_iter()
                .filter(|c| c.in_key)
                .map(|c| (c.name, c.sql_type))
                .collect(),
            hasher,
        })
    }

    fn check_buckets(&self, buckets: u32) -> PortResult<()> {
        if buckets.is_power_of_two() {
            return Ok(());
        }
        Err(self.refused(format!(
            "rows cannot be counted in {buckets} buckets: use a power of two"
        )))
    }

    fn row_hashes(&self, rows: &[tokio_postgres::Row], hasher: RowHasher) -> PortResult<Vec<RowHash>> {
        let mut hashes = rows
            .iter()
            .map(|row| {
                let numbers: (i64, i64) = (self.read(row, "one")?, self.read(row, "two")?);
                Ok(RowHash {
                    key: self.read(row, "key")?,
                    hash: format!("{}{:016x}{:016x}", hasher.mark(), numbers.0, numbers.1),
                })
            })
            .collect::<PortResult<Vec<_>>>()?;
        hashes.sort();
        Ok(hashes)
    }
}

impl Shape {
    /// The table as `q` with its row's text as `x.r`. `offset 0` keeps the planner from computing the text once per hash.
    fn with_row_text(&self) -> String {
        format!(
            "{} q cross join lateral (select {} as r offset 0) x",
            self.from, self.row
        )
    }

    fn select_rows(&self) -> String {
        let (one, two) = (self.hasher.number("x.r", 0), self.hasher.number("x.r", 1));
        format!(
            "select {} as key, {one} as one, {two} as two from {}",
            self.key,
            self.with_row_text()
        )
    }
}

#[async_trait]
impl Rows for PostgresDatabase {
    async fn digests(&self, table: &TableName, buckets: u32) -> PortResult<BTreeMap<u32, RowDigest>> {
        self.check_buckets(buckets)?;
        let shape = self.shape(table).await?;
        let (one, two) = (shape.hasher.number("x.r", 0), shape.hasher.number("x.r", 1));
        let bucket = if buckets == 1 {
            "0::bigint".to_owned()
        } else {
            shape.hasher.bucket(&shape.key, buckets)
        };
        // sum(bigint) is numeric: it does not overflow.
        let sql = format!(
            "select {bucket} as bucket, count(*) as rows, sum({one})::text as one, sum({two})::text as two from {} group by 1",
            shape.with_row_text()
        );
        let rows = self.long_query(&sql, &[]).await?;
        let mut digests = BTreeMap::new();
        for row in &rows {
            let sum = |text: String| format!("{}{text}", shape.hasher.mark());
            let digest = RowDigest {
                rows: self.read::<i64>(row, "rows")?.unsigned_abs(),
                sums: [sum(self.read(row, "one")?), sum(self.read(row, "two")?)],
            };
            digests.insert(self.count(row, "bucket")?, digest);
        }
        Ok(digests)
    }

    async fn rows_in(&self, table: &TableName, buckets: u32, wanted: &[u32]) -> PortResult<Vec<RowHash>> {
        self.check_buckets(buckets)?;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let shape = self.shape(table).await?;
        let wanted: Vec<i64> = wanted.iter().copied().map(i64::from).collect();
        let sql = format!(
            "{} where {} = any ($1)",
            shape.select_rows(),
            shape.hasher.bucket(&shape.key, buckets)
        );
        let rows = self.long_query(&sql, &[(&wanted, Type::INT8_ARRAY)]).await?;
        self.row_hashes(&rows, shape.hasher)
    }

    async fn rows_of(&self, table: &TableName, keys: &[String]) -> PortResult<Vec<RowHash>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let shape = self.shape(table).await?;
        if shape.key_columns.is_empty() {
            let sql = format!("{} where {} = any ($1)", shape.select_rows(), shape.key);
            let rows = self.long_query(&sql, &[(&keys, Type::TEXT_ARRAY)]).await?;
            return self.row_hashes(&rows, shape.hasher);
        }
        // Key by key through the primary key's index, whatever the size of the table.
        let mut values: Vec<Vec<Option<String>>> = vec![Vec::new(); shape.key_columns.len()];
        for key in keys {
            let fields = record_text::fields(key).filter(|fields| fields.len() == values.len());
            let fields = fields.ok_or_else(|| self.refused(format!("{key:?} is no key of table {table}")))?;
            for (column, field) in values.iter_mut().zip(fields) {
                column.push(field);
            }
        }
        let arrays: Vec<String> = (1..=values.len())
            .map(|place| format!("${place}::text[]"))
            .collect();
        let names: Vec<String> = (1..=values.len()).map(|place| format!("c{place}")).collect();
        let casts: Vec<String> = shape
            .key_columns
            .iter()
            .zip(&names)
            .map(|((_, sql_type), name)| format!("k.{name}::{sql_type} as {name}"))
            .collect();
        let equal: Vec<String> = shape
            .key_columns
            .iter()
            .zip(&names)
            .map(|((column, _), name)| format!("q.{} = k.{name}", ident(column)))
            .collect();
        let sql = format!(
            "{} join (select distinct {} from unnest({}) as k ({})) k on {}",
            shape.select_rows(),
            casts.join(", "),
            arrays.join(", "),
            names.join(", "),
            equal.join(" and ")
        );
        let params: Vec<_> = values
            .iter()
            .map(|column| (column as _, Type::TEXT_ARRAY))
            .collect();
        match self.query(&sql, &params).await {
            // The key's type has no `=` in pg_catalog: its text has.
            Err(failure) if failure.is(&SqlState::UNDEFINED_FUNCTION) => {
                let sql = format!("{} where {} = any ($1)", shape.select_rows(), shape.key);
                let rows = self.long_query(&sql, &[(&keys, Type::TEXT_ARRAY)]).await?;
                self.row_hashes(&rows, shape.hasher)
            }
            rows => self.row_hashes(&rows?, shape.hasher),
        }
    }
}
