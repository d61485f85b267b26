//! Row content of one side's database, read without changing anything.

use std::{any::Any, collections::BTreeMap};

use ambassador::delegatable_trait;
use async_trait::async_trait;

use super::PortResult;
use crate::{
    plan::Scope,
    rows::{
        BlockRange, BlockRangeDigest, BucketSet, ColumnStatistics, HashPlan, HashingFacts, Region, RowDigest,
        RowHash, RowKey, RowShown, RowValues, TableShape,
    },
};

/// One snapshot of a database that several statements can read.
pub struct Snapshot {
    /// The server's identifier of the snapshot.
    pub id: String,
    /// Keeps the snapshot alive until it is dropped.
    pub kept_by: Box<dyn Any + Send + Sync>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({})", self.id)
    }
}

/// Reads rows, mostly as hashes that the server computes. Every method can be repeated.
#[async_trait]
#[delegatable_trait]
pub trait Rows: Send + Sync {
    /// Tables in scope that are not partitions, sorted by name, with the facts that the comparison needs.
    async fn shapes(&self, scope: &Scope) -> PortResult<Vec<TableShape>>;
    /// The hash methods of this server.
    async fn hashing(&self) -> PortResult<HashingFacts>;
    /// The distribution of the values in a key's first column.
    async fn column_statistics(&self, form: &HashPlan) -> PortResult<ColumnStatistics>;
    /// Takes a snapshot and keeps it until the result is dropped.
    async fn export_snapshot(&self) -> PortResult<Snapshot>;
    /// The number of active sessions, without Crossover's own.
    async fn active_sessions(&self) -> PortResult<u32>;
    /// Digests of the rows of a region in `buckets` buckets (a power of two) by the hash of the key, without
    /// empty buckets.
    async fn digest(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<BTreeMap<u32, RowDigest>>;
    /// Digests of whole tables, in the order of the forms. A database that can reads several small tables with one
    /// statement.
    async fn digests(&self, forms: &[&HashPlan]) -> PortResult<Vec<RowDigest>> {
        let mut digests = Vec::with_capacity(forms.len());
        for form in forms {
            let mut whole = self.digest(form, &Region::Whole, 1, None).await?;
            digests.push(whole.remove(&0).unwrap_or_default());
        }
        Ok(digests)
    }
    /// For each of these integer keys, the block of the first row that is not below the key. `None` where a
    /// block is unknown.
    async fn begins(&self, form: &HashPlan, cuts: &[i64], at: &Snapshot) -> PortResult<Option<Vec<u32>>>;
    /// The digest of the blocks of a block range.
    async fn block_range(
        &self,
        form: &HashPlan,
        block_range: &BlockRange,
        at: &Snapshot,
    ) -> PortResult<BlockRangeDigest>;
    /// Digests of the rows of some buckets, divided into `buckets` buckets, which are no fewer, without empty ones. There
    /// may be as many of them as rows. In any order.
    async fn digests_in(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<(u32, RowDigest)>>;
    /// Every row of some buckets, sorted by key.
    async fn rows_in(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>>;
    /// The current rows with these keys, sorted by key; keys without a row are left out.
    async fn rows_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>>;
    /// The same rows with all values as texts; one of each group of identical rows where there is no key.
    async fn values_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowValues>>;
    /// The same rows with long values shortened. A database shortens them before it sends them.
    async fn shown_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowShown>> {
        let rows = self.values_of(form, keys).await?;
        Ok(rows.into_iter().map(RowShown::of).collect())
    }
}
