//! Row content of one side's database. Nothing here changes anything.

use std::{any::Any, collections::BTreeMap};

use ambassador::delegatable_trait;
use async_trait::async_trait;

use super::PortResult;
use crate::{
    plan::Scope,
    rows::{
        BlockRange, BlockRangeDigest, ColumnStatistics, HashPlan, HashingFacts, Region, RowDigest, RowHash,
        RowKey, RowValues, TableShape,
    },
};

/// One snapshot of a database that several statements can look at.
pub struct Snapshot {
    /// The server's name for it.
    pub id: String,
    /// Whatever keeps it alive.
    pub kept_by: Box<dyn Any + Send + Sync>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({})", self.id)
    }
}

/// Reading rows, mostly as hashes that the server computes. Every method can be repeated.
#[async_trait]
#[delegatable_trait]
pub trait Rows: Send + Sync {
    /// Tables in scope that are no partitions, sorted by name, as far as the comparison has to know them.
    async fn shapes(&self, scope: &Scope) -> PortResult<Vec<TableShape>>;
    /// How this server can hash.
    async fn hashing(&self) -> PortResult<HashingFacts>;
    /// How the values of a key's first column are spread.
    async fn column_statistics(&self, form: &HashPlan) -> PortResult<ColumnStatistics>;
    /// Keeps this snapshot; dropping it lets it go.
    async fn export_snapshot(&self) -> PortResult<Snapshot>;
    /// Sessions other than ours that are at work now.
    async fn active_sessions(&self) -> PortResult<u32>;
    /// Digest of the rows of a region in `buckets` buckets (a power of two) by the hash of the key; buckets without rows are left out.
    async fn digest(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<BTreeMap<u32, RowDigest>>;
    /// The blocks in which the first row lies that is not below each of these integer keys; none where one cannot be told.
    async fn begins(&self, form: &HashPlan, cuts: &[i64], at: &Snapshot) -> PortResult<Option<Vec<u32>>>;
    /// What lies in the blocks of a block range.
    async fn block_range(
        &self,
        form: &HashPlan,
        block_range: &BlockRange,
        at: &Snapshot,
    ) -> PortResult<BlockRangeDigest>;
    /// Every row of some of these buckets, sorted by key.
    async fn rows_in(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        wanted: &[u32],
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>>;
    /// The rows with these keys as they are now, sorted by key; keys without a row are left out.
    async fn rows_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>>;
    /// The same with all values as texts. Of rows without a key one of each kind.
    async fn values_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowValues>>;
}
