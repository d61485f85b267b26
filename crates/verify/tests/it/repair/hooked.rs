//! A source on which an event happens between two reads.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use crossover_core::{
    plan::Scope,
    ports::{PortResult, Rows, Snapshot},
    rows::{
        BlockRange, BlockRangeDigest, BucketSet, ColumnStatistics, HashPlan, HashingFacts, Region, RowDigest,
        RowHash, RowKey, RowValues, TableShape,
    },
};
use crossover_postgres::PostgresDatabase;

type Event<'a> = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> + Send + Sync + 'a>;

/// Runs an event right before or after its values are read for the n-th time.
pub struct Hooked<'a> {
    pub database: &'a PostgresDatabase,
    pub reads: AtomicUsize,
    pub at: usize,
    pub before: bool,
    pub event: Event<'a>,
}

impl<'a> Hooked<'a> {
    pub fn before(database: &'a PostgresDatabase, at: usize, event: Event<'a>) -> Self {
        Self {
            database,
            reads: AtomicUsize::new(0),
            at,
            before: true,
            event,
        }
    }

    pub fn after(database: &'a PostgresDatabase, at: usize, event: Event<'a>) -> Self {
        Self {
            before: false,
            ..Self::before(database, at, event)
        }
    }
}

#[async_trait]
impl Rows for Hooked<'_> {
    async fn shapes(&self, scope: &Scope) -> PortResult<Vec<TableShape>> {
        self.database.shapes(scope).await
    }
    async fn hashing(&self) -> PortResult<HashingFacts> {
        self.database.hashing().await
    }
    async fn column_statistics(&self, form: &HashPlan) -> PortResult<ColumnStatistics> {
        self.database.column_statistics(form).await
    }
    async fn export_snapshot(&self) -> PortResult<Snapshot> {
        self.database.export_snapshot().await
    }
    async fn active_sessions(&self) -> PortResult<u32> {
        self.database.active_sessions().await
    }
    async fn digest(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<BTreeMap<u32, RowDigest>> {
        self.database.digest(form, region, buckets, at).await
    }
    async fn begins(&self, form: &HashPlan, cuts: &[i64], at: &Snapshot) -> PortResult<Option<Vec<u32>>> {
        self.database.begins(form, cuts, at).await
    }

    async fn block_range(
        &self,
        form: &HashPlan,
        block_range: &BlockRange,
        at: &Snapshot,
    ) -> PortResult<BlockRangeDigest> {
        self.database.block_range(form, block_range, at).await
    }

    async fn digests_in(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<(u32, RowDigest)>> {
        self.database.digests_in(form, region, within, buckets, at).await
    }

    async fn rows_in(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        self.database.rows_in(form, region, within, at).await
    }
    async fn rows_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
        self.database.rows_of(form, keys).await
    }
    async fn values_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowValues>> {
        let now = self.reads.fetch_add(1, Ordering::SeqCst) + 1 == self.at;
        if now && self.before {
            (self.event)().await;
        }
        let rows = self.database.values_of(form, keys).await?;
        if now && !self.before {
            (self.event)().await;
        }
        Ok(rows)
    }
}
