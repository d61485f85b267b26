use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use super::PlannedSteps;
use crate::{
    catalogue::{
        Definition, OpenTransaction, PreparedTransaction, RoleFacts, SequenceFacts, ServerFacts, TableFacts,
        TableStatistics,
    },
    lsn::Lsn,
    plan::Scope,
    ports::{
        Access, AccessSnapshot, Catalogue, CatchUpMarkers, Database, LockReport, PortResult, RoleAccess,
        Rows, Sequences, Slots, Snapshot, WriterSample,
    },
    rows::{
        BlockRange, BlockRangeDigest, ColumnStatistics, HashPlan, HashingFacts, Region, RowDigest, RowHash,
        RowKey, RowValues, TableShape,
    },
};

/// A database that is read for real and never changed.
pub struct DryDatabase {
    name: &'static str,
    real: Arc<dyn Database>,
    steps: PlannedSteps,
}

impl DryDatabase {
    pub fn new(name: &'static str, real: Arc<dyn Database>, steps: PlannedSteps) -> Self {
        Self { name, real, steps }
    }

    fn note(&self, step: &str) {
        self.steps.note(format!("{}: {step}", self.name));
    }
}

#[async_trait]
impl Catalogue for DryDatabase {
    async fn server(&self) -> PortResult<ServerFacts> {
        self.real.server().await
    }
    async fn tables(&self, scope: &Scope) -> PortResult<Vec<TableFacts>> {
        self.real.tables(scope).await
    }
    async fn roles(&self, scope: &Scope, also: &[String]) -> PortResult<Vec<RoleFacts>> {
        self.real.roles(scope, also).await
    }
    async fn prepared_transactions(&self) -> PortResult<Vec<PreparedTransaction>> {
        self.real.prepared_transactions().await
    }
    async fn open_transactions(&self, min_age_ms: u64) -> PortResult<Vec<OpenTransaction>> {
        self.real.open_transactions(min_age_ms).await
    }
    async fn fingerprint(&self, scope: &Scope) -> PortResult<Vec<Definition>> {
        self.real.fingerprint(scope).await
    }
    async fn sequences(&self, scope: &Scope) -> PortResult<Vec<SequenceFacts>> {
        self.real.sequences(scope).await
    }
    async fn statistics(&self, scope: &Scope) -> PortResult<Vec<TableStatistics>> {
        self.real.statistics(scope).await
    }
}

#[async_trait]
impl Access for DryDatabase {
    async fn snapshot(&self) -> PortResult<Option<AccessSnapshot>> {
        Ok(Some(AccessSnapshot {
            run_id: "dry-run".to_owned(),
            public_connect: true,
            roles: Vec::new(),
            acl: None,
        }))
    }
    async fn in_flight(&self) -> PortResult<u32> {
        Ok(0)
    }
    async fn writers(&self) -> PortResult<WriterSample> {
        Ok(WriterSample::default())
    }
    async fn lock(&self, scope: &Scope, _run_id: &str) -> PortResult<LockReport> {
        let writers: Vec<_> = self
            .real
            .roles(scope, &[])
            .await?
            .into_iter()
            .filter(|r| r.writes && !r.superuser)
            .collect();
        let roles: Vec<String> = writers.iter().map(|r| r.role.clone()).collect();
        self.note(&format!(
            "lock roles {} and take CONNECT from PUBLIC",
            roles.join(", ")
        ));
        Ok(LockReport {
            roles,
            already: false,
        })
    }
    async fn end_sessions(&self) -> PortResult<u32> {
        let sessions = self.real.writers().await?.sessions.len() as u32;
        self.note("end every writer's session");
        Ok(sessions)
    }
    async fn restore(&self, _run_id: &str) -> PortResult<Vec<String>> {
        self.note("restore the access that was recorded at the lock");
        Ok(Vec::new())
    }
    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>> {
        self.note("let the application's roles in");
        Ok(like
            .roles
            .iter()
            .map(|RoleAccess { role, .. }| role.clone())
            .collect())
    }
}

#[async_trait]
impl CatchUpMarkers for DryDatabase {
    async fn prepare_marker(&self) -> PortResult<()> {
        self.note("make the table crossover.catch_up_marker where it is missing");
        Ok(())
    }
    async fn write_marker(&self, _run_id: &str, _nonce: &str) -> PortResult<Lsn> {
        self.note("write a catch-up marker row");
        self.real.current_lsn().await
    }
    async fn count_markers(&self, _run_id: &str, _nonce: &str) -> PortResult<u32> {
        self.note("wait for the catch-up marker row");
        Ok(1)
    }
    async fn clear_markers(&self) -> PortResult<()> {
        self.note("remove old marker rows");
        Ok(())
    }
}

#[async_trait]
impl Sequences for DryDatabase {
    async fn advance_sequences(
        &self,
        positions: &[SequenceFacts],
        headroom: i64,
    ) -> PortResult<Vec<SequenceFacts>> {
        self.note(&format!(
            "move {} sequences at least {headroom} steps beyond the other side's",
            positions.len()
        ));
        Ok(positions.to_vec())
    }
}

#[async_trait]
impl Slots for DryDatabase {
    async fn create_slot(&self, name: &str, plugin: &str) -> PortResult<Lsn> {
        self.note(&format!("make logical slot {name} ({plugin})"));
        self.real.current_lsn().await
    }
    async fn advance_slot(&self, name: &str, to: Lsn) -> PortResult<Lsn> {
        self.note(&format!("advance slot {name} to {to}"));
        Ok(to)
    }
    async fn drop_slot(&self, name: &str) -> PortResult<()> {
        self.note(&format!("drop slot {name}"));
        Ok(())
    }
    async fn current_lsn(&self) -> PortResult<Lsn> {
        self.real.current_lsn().await
    }
}

#[async_trait]
impl Rows for DryDatabase {
    async fn shapes(&self, scope: &Scope) -> PortResult<Vec<TableShape>> {
        self.real.shapes(scope).await
    }
    async fn hashing(&self) -> PortResult<HashingFacts> {
        self.real.hashing().await
    }
    async fn column_statistics(&self, form: &HashPlan) -> PortResult<ColumnStatistics> {
        self.real.column_statistics(form).await
    }
    async fn export_snapshot(&self) -> PortResult<Snapshot> {
        self.real.export_snapshot().await
    }
    async fn active_sessions(&self) -> PortResult<u32> {
        self.real.active_sessions().await
    }
    async fn digest(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<BTreeMap<u32, RowDigest>> {
        self.real.digest(form, region, buckets, at).await
    }
    async fn begins(&self, form: &HashPlan, cuts: &[i64], at: &Snapshot) -> PortResult<Option<Vec<u32>>> {
        self.real.begins(form, cuts, at).await
    }
    async fn block_range(
        &self,
        form: &HashPlan,
        block_range: &BlockRange,
        at: &Snapshot,
    ) -> PortResult<BlockRangeDigest> {
        self.real.block_range(form, block_range, at).await
    }
    async fn rows_in(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        wanted: &[u32],
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        self.real.rows_in(form, region, buckets, wanted, at).await
    }
    async fn rows_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
        self.real.rows_of(form, keys).await
    }
    async fn values_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowValues>> {
        self.real.values_of(form, keys).await
    }
}
