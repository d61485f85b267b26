//! A database whose lock sets NOLOGIN and leaves it at that.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use crossover_core::{
    Lsn,
    catalogue::{
        Definition, OpenTransaction, PreparedTransaction, RoleFacts, SequenceFacts, ServerFacts, TableFacts,
        TableStatistics,
    },
    plan::Scope,
    ports::{
        Access, AccessSnapshot, Catalogue, CatchUpMarkers, Database, LockReport, PortResult, Rows, Sequences,
        Slots, Snapshot, WriterSample,
    },
    rows::{
        BlockRange, BlockRangeDigest, ColumnStatistics, HashPlan, HashingFacts, Region, RowDigest, RowHash,
        RowKey, RowValues, TableShape,
    },
};

/// The real database, except that no session is ended and no writer is seen.
pub struct BlindDatabase(pub Arc<dyn Database>);

#[async_trait]
impl Access for BlindDatabase {
    async fn in_flight(&self) -> PortResult<u32> {
        Ok(0)
    }
    async fn writers(&self) -> PortResult<WriterSample> {
        Ok(WriterSample::default())
    }
    async fn end_sessions(&self) -> PortResult<u32> {
        Ok(0)
    }
    async fn snapshot(&self) -> PortResult<Option<AccessSnapshot>> {
        self.0.snapshot().await
    }
    async fn lock(&self, scope: &Scope, run_id: &str) -> PortResult<LockReport> {
        self.0.lock(scope, run_id).await
    }
    async fn restore(&self, run_id: &str) -> PortResult<Vec<String>> {
        self.0.restore(run_id).await
    }
    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>> {
        self.0.open(like).await
    }
}

#[async_trait]
impl Catalogue for BlindDatabase {
    async fn server(&self) -> PortResult<ServerFacts> {
        self.0.server().await
    }
    async fn tables(&self, scope: &Scope) -> PortResult<Vec<TableFacts>> {
        self.0.tables(scope).await
    }
    async fn roles(&self, scope: &Scope, also: &[String]) -> PortResult<Vec<RoleFacts>> {
        self.0.roles(scope, also).await
    }
    async fn prepared_transactions(&self) -> PortResult<Vec<PreparedTransaction>> {
        self.0.prepared_transactions().await
    }
    async fn open_transactions(&self, min_age_ms: u64) -> PortResult<Vec<OpenTransaction>> {
        self.0.open_transactions(min_age_ms).await
    }
    async fn fingerprint(&self, scope: &Scope) -> PortResult<Vec<Definition>> {
        self.0.fingerprint(scope).await
    }
    async fn sequences(&self, scope: &Scope) -> PortResult<Vec<SequenceFacts>> {
        self.0.sequences(scope).await
    }
    async fn statistics(&self, scope: &Scope) -> PortResult<Vec<TableStatistics>> {
        self.0.statistics(scope).await
    }
}

#[async_trait]
impl CatchUpMarkers for BlindDatabase {
    async fn prepare_marker(&self) -> PortResult<()> {
        self.0.prepare_marker().await
    }
    async fn write_marker(&self, run_id: &str, nonce: &str) -> PortResult<Lsn> {
        self.0.write_marker(run_id, nonce).await
    }
    async fn count_markers(&self, run_id: &str, nonce: &str) -> PortResult<u32> {
        self.0.count_markers(run_id, nonce).await
    }
    async fn clear_markers(&self) -> PortResult<()> {
        self.0.clear_markers().await
    }
}

#[async_trait]
impl Sequences for BlindDatabase {
    async fn advance_sequences(
        &self,
        positions: &[SequenceFacts],
        headroom: i64,
    ) -> PortResult<Vec<SequenceFacts>> {
        self.0.advance_sequences(positions, headroom).await
    }
}

#[async_trait]
impl Slots for BlindDatabase {
    async fn create_slot(&self, name: &str, plugin: &str) -> PortResult<Lsn> {
        self.0.create_slot(name, plugin).await
    }
    async fn advance_slot(&self, name: &str, to: Lsn) -> PortResult<Lsn> {
        self.0.advance_slot(name, to).await
    }
    async fn drop_slot(&self, name: &str) -> PortResult<()> {
        self.0.drop_slot(name).await
    }
    async fn current_lsn(&self) -> PortResult<Lsn> {
        self.0.current_lsn().await
    }
}

#[async_trait]
impl Rows for BlindDatabase {
    async fn shapes(&self, scope: &Scope) -> PortResult<Vec<TableShape>> {
        self.0.shapes(scope).await
    }
    async fn hashing(&self) -> PortResult<HashingFacts> {
        self.0.hashing().await
    }
    async fn column_statistics(&self, form: &HashPlan) -> PortResult<ColumnStatistics> {
        self.0.column_statistics(form).await
    }
    async fn export_snapshot(&self) -> PortResult<Snapshot> {
        self.0.export_snapshot().await
    }
    async fn active_sessions(&self) -> PortResult<u32> {
        self.0.active_sessions().await
    }
    async fn digest(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<BTreeMap<u32, RowDigest>> {
        self.0.digest(form, region, buckets, at).await
    }
    async fn begins(&self, form: &HashPlan, cuts: &[i64], at: &Snapshot) -> PortResult<Option<Vec<u32>>> {
        self.0.begins(form, cuts, at).await
    }
    async fn block_range(
        &self,
        form: &HashPlan,
        block_range: &BlockRange,
        at: &Snapshot,
    ) -> PortResult<BlockRangeDigest> {
        self.0.block_range(form, block_range, at).await
    }
    async fn rows_in(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        wanted: &[u32],
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        self.0.rows_in(form, region, buckets, wanted, at).await
    }
    async fn rows_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
        self.0.rows_of(form, keys).await
    }
    async fn values_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowValues>> {
        self.0.values_of(form, keys).await
    }
}
