//! Row content of the database in memory: every row has a number as key and a token.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use async_trait::async_trait;
use crossover_core::{
    catalogue::TableName,
    plan::Scope,
    ports::{PortError, PortResult, Rows, Snapshot},
    routing::Side,
    rows::{
        BlockRange, BlockRangeDigest, BucketSet, ColumnEncoding, ColumnShape, ColumnStatistics, HashPlan,
        Hashing, HashingFacts, KeyShape, Region, RowDigest, RowHash, RowKey, RowValues, TableShape,
    },
};

use super::MemoryDatabase;
use crate::{database::Table, state::State};

fn hash(values: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.hash(&mut hasher);
    hasher.finish()
}

fn row_hashes(table: &Table) -> impl Iterator<Item = RowHash> {
    table.rows.iter().map(|(id, token)| RowHash {
        key: vec![id.to_string()],
        hash: i128::from(hash((id, token))),
        count: 1,
    })
}

fn table_of<'a>(state: &'a State, side: Side, table: &TableName) -> PortResult<&'a Table> {
    state
        .side(side)
        .tables
        .get(table)
        .ok_or_else(|| PortError::missing(format!("table {table} in {side}")))
}

fn bucket(key: &RowKey, buckets: u32) -> u32 {
    (hash(key) % u64::from(buckets)) as u32
}

fn shape(table: &Table) -> TableShape {
    let column = |name: &str, form: ColumnEncoding| ColumnShape {
        name: name.to_owned(),
        sql_type: "value".to_owned(),
        form,
        not_null: true,
        byte_order: true,
    };
    TableShape {
        table: table.facts.table.clone(),
        partitioned: false,
        rows_hidden: false,
        columns: vec![
            column("id", ColumnEncoding::Int8),
            column("token", ColumnEncoding::Text),
        ],
        keys: vec![KeyShape {
            columns: vec!["id".to_owned()],
            primary: true,
        }],
        leaves: Vec::new(),
        bytes: 0,
        estimated_rows: table.rows.len() as u64,
    }
}

#[async_trait]
impl Rows for MemoryDatabase {
    async fn shapes(&self, scope: &Scope) -> PortResult<Vec<TableShape>> {
        self.call("shapes", |state, side| {
            let all = state.side(side).tables.iter();
            Ok(all
                .filter(|(name, _)| scope.holds(&name.schema, &name.name))
                .map(|(_, table)| shape(table))
                .collect())
        })
        .await
    }

    async fn hashing(&self) -> PortResult<HashingFacts> {
        self.call("hashing", |_, _| {
            Ok(HashingFacts {
                best: Hashing::TypedHash,
                encoding: "UTF8".to_owned(),
            })
        })
        .await
    }

    async fn column_statistics(&self, _form: &HashPlan) -> PortResult<ColumnStatistics> {
        self.call("column_statistics", |_, _| Ok(ColumnStatistics::default()))
            .await
    }

    async fn export_snapshot(&self) -> PortResult<Snapshot> {
        self.call("export_snapshot", |_, _| {
            Err(PortError::refused(
                "the database in memory",
                "its tables are too small for snapshots",
            ))
        })
        .await
    }

    async fn active_sessions(&self) -> PortResult<u32> {
        self.call("active_sessions", |_, _| Ok(0)).await
    }

    async fn digest(
        &self,
        form: &HashPlan,
        _region: &Region,
        buckets: u32,
        _at: Option<&Snapshot>,
    ) -> PortResult<BTreeMap<u32, RowDigest>> {
        self.call("digest", |state, side| {
            let mut digests: BTreeMap<u32, RowDigest> = BTreeMap::new();
            for row in row_hashes(table_of(state, side, &form.table)?) {
                let digest = digests.entry(bucket(&row.key, buckets)).or_default();
                *digest = digest.plus(RowDigest {
                    rows: 1,
                    sum: row.hash,
                });
            }
            Ok(digests)
        })
        .await
    }

    async fn begins(&self, _: &HashPlan, _: &[i64], _: &Snapshot) -> PortResult<Option<Vec<u32>>> {
        self.call("begins", |_, _| Ok(None)).await
    }

    async fn block_range(&self, _: &HashPlan, _: &BlockRange, _: &Snapshot) -> PortResult<BlockRangeDigest> {
        self.call("block_range", |_, _| Ok(BlockRangeDigest::default()))
            .await
    }

    async fn digests_in(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<(u32, RowDigest)>> {
        let all = self.digest(form, region, buckets, at).await?;
        let of_these = |(bucket, _): &(u32, RowDigest)| within.place(*bucket).is_some();
        Ok(all.into_iter().filter(of_these).collect())
    }

    async fn rows_in(
        &self,
        form: &HashPlan,
        _region: &Region,
        within: &BucketSet,
        _at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        self.call("rows_in", |state, side| {
            let rows = row_hashes(table_of(state, side, &form.table)?);
            let mut rows: Vec<_> = rows
                .filter(|r| within.place(bucket(&r.key, within.buckets())).is_some())
                .collect();
            rows.sort();
            Ok(rows)
        })
        .await
    }

    async fn rows_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
        self.call("rows_of", |state, side| {
            let mut rows: Vec<_> = row_hashes(table_of(state, side, &form.table)?)
                .filter(|r| keys.contains(&r.key))
                .collect();
            rows.sort();
            Ok(rows)
        })
        .await
    }

    async fn values_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowValues>> {
        self.call("values_of", |state, side| {
            let table = table_of(state, side, &form.table)?;
            let rows = table.rows.iter().map(|(id, token)| RowValues {
                key: vec![id.to_string()],
                values: vec![Some(id.to_string()), Some(token.clone())],
            });
            Ok(rows.filter(|r| keys.contains(&r.key)).collect())
        })
        .await
    }
}
