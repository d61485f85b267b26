//! Facts from the catalogue that a comparison of rows needs.

use std::collections::BTreeMap;

use crossover_core::{
    catalogue::TableName,
    plan::Scope,
    ports::PortResult,
    rows::{ColumnShape, ColumnStatistics, HashPlan, KeyShape, Leaf, TableShape},
};
use tokio_postgres::{Row, types::Type};

use super::encoding::own_encoding;
use crate::{
    PostgresDatabase,
    errors::Failure,
    quoting::{ident, qualified},
};

const COLUMNS: &str = concat!(
    include_str!("../sql/scope.sql"),
    include_str!("../sql/row_columns.sql")
);
const KEYS: &str = concat!(
    include_str!("../sql/scope.sql"),
    include_str!("../sql/row_keys.sql")
);
const LEAVES: &str = concat!(
    include_str!("../sql/scope.sql"),
    include_str!("../sql/row_leaves.sql")
);
const SPREAD: &str = include_str!("../sql/column_statistics.sql");
/// Since this version a condition on a range of blocks reads only those blocks.
const BLOCK_RANGES_SINCE: i32 = 140_000;

impl PostgresDatabase {
    fn table_of(&self, row: &Row) -> PortResult<TableName> {
        Ok(TableName {
            schema: self.read(row, "schema")?,
            name: self.read(row, "name")?,
        })
    }

    pub(super) async fn shapes_in(&self, scope: &Scope) -> Result<Vec<TableShape>, Failure> {
        let session = self.catalogue_session().await?;
        let columns = session.query_scope(COLUMNS, scope, &[]).await?;
        let keys = session.query_scope(KEYS, scope, &[]).await?;
        let leaves = session.query_scope(LEAVES, scope, &[]).await?;
        let version = session
            .query(
                "select current_setting('server_version_num')::int4 as version",
                &[],
            )
            .await?;
        drop(session);
        let version: i32 = version.first().map_or(Ok(0), |row| self.read(row, "version"))?;
        let mut shapes: BTreeMap<TableName, TableShape> = BTreeMap::new();
        for row in &columns {
            let table = self.table_of(row)?;
            let shape = shapes.entry(table.clone()).or_insert(TableShape {
                table,
                partitioned: self.read(row, "partitioned")?,
                rows_hidden: self.read(row, "rows_hidden")?,
                columns: Vec::new(),
                keys: Vec::new(),
                leaves: Vec::new(),
                bytes: 0,
                estimated_rows: 0,
            });
            if let Some(name) = self.read(row, "column_name")? {
                shape.columns.push(ColumnShape {
                    name,
                    sql_type: self.read(row, "sql_type")?,
                    form: own_encoding(
                        self.read(row, "base_type")?,
                        self.read(row, "built_in")?,
                        self.read(row, "type_modifier")?,
                    ),
                    not_null: self.read(row, "not_null")?,
                    byte_order: self.read(row, "byte_order")?,
                });
            }
        }
        for row in &keys {
            if let Some(shape) = shapes.get_mut(&self.table_of(row)?) {
                shape.keys.push(KeyShape {
                    columns: self.read(row, "columns")?,
                    primary: self.read(row, "is_primary")?,
                });
            }
        }
        for row in &leaves {
            if let Some(shape) = shapes.get_mut(&self.table_of(row)?) {
                let blocks: Option<i64> = self.read(row, "blocks")?;
                shape.leaves.push(Leaf {
                    relation: TableName {
                        schema: self.read(row, "leaf_schema")?,
                        name: self.read(row, "leaf_name")?,
                    },
                    blocks: blocks
                        .filter(|_| version >= BLOCK_RANGES_SINCE)
                        .and_then(|b| u32::try_from(b).ok()),
                    on_other_server: self.read(row, "on_other_server")?,
                });
                shape.bytes += self.read::<i64>(row, "bytes")?.unsigned_abs();
                shape.estimated_rows += self.read::<i64>(row, "estimated_rows")?.unsigned_abs();
            }
        }
        Ok(shapes.into_values().collect())
    }

    pub(super) async fn statistics_of_column(&self, form: &HashPlan) -> Result<ColumnStatistics, Failure> {
        let mut statistics = ColumnStatistics::default();
        let Some(column) = form.key_columns().next() else {
            return Ok(statistics);
        };
        let params = [
            (&form.table.schema as _, Type::TEXT),
            (&form.table.name as _, Type::TEXT),
            (&column.name as _, Type::TEXT),
        ];
        if let Some(row) = self.query(SPREAD, &params).await?.first() {
            statistics.correlation = self.read(row, "correlation")?;
            statistics.histogram = self.read::<Option<_>>(row, "histogram")?.unwrap_or_default();
        }
        if column.form.is_integer() {
            let ends = format!(
                "select min({name})::int8 as least, max({name})::int8 as most from {table}",
                name = ident(&column.name),
                table = qualified(&form.table.schema, &form.table.name)
            );
            if let Some(row) = self.query(&ends, &[]).await?.first() {
                let ends: (Option<i64>, Option<i64>) = (self.read(row, "least")?, self.read(row, "most")?);
                statistics.integers = ends.0.zip(ends.1);
            }
        }
        Ok(statistics)
    }
}
