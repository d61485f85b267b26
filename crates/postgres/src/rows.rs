//! Row content, hashed on the server where possible.
//!
//! `crossover_core::rows` decides how rows are hashed; this module writes the SQL. Sessions are read-only and
//! pin every setting that affects the texts of values.

mod block_range;
mod buckets;
mod condition;
mod encoding;
pub mod expression;
pub mod lookup;
mod readers;
mod region;
mod self_test;
mod shapes;
mod stream;

use std::collections::BTreeMap;

use async_trait::async_trait;
use crossover_core::{
    plan::Scope,
    ports::{PortError, PortResult, Rows, Snapshot},
    rows::{
        BlockRange, BlockRangeDigest, BucketSet, ColumnStatistics, HashPlan, Hashing, HashingFacts, Region,
        RowDigest, RowHash, RowKey, RowShown, RowValues, TableShape,
    },
};
use tokio_postgres::Row;

pub use region::relation;

use crate::{PostgresDatabase, errors::Failure};
use region::from_where;

const ACTIVE: &str = "select count(*) as active from pg_stat_activity a \
    where a.state = 'active' and a.backend_type = 'client backend' and a.application_name <> 'crossover'";

/// The statement that only hashes all rows of a table, as a comparison does: the lower bound of a
/// comparison's cost.
pub fn hash_sql(form: &HashPlan) -> String {
    expression::bare_aggregate(form, &relation(form))
}

impl PostgresDatabase {
    fn row_hashes(&self, rows: &[Row]) -> PortResult<Vec<RowHash>> {
        let mut hashes = rows
            .iter()
            .map(|row| self.hashed(row))
            .collect::<PortResult<Vec<_>>>()?;
        hashes.sort();
        Ok(hashes)
    }
}

#[async_trait]
impl Rows for PostgresDatabase {
    async fn shapes(&self, scope: &Scope) -> PortResult<Vec<TableShape>> {
        self.shapes_in(scope).await.map_err(Failure::into)
    }

    async fn hashing(&self) -> PortResult<HashingFacts> {
        let rows = self
            .query("select current_setting('server_encoding') as encoding", &[])
            .await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no encoding"))?;
        Ok(HashingFacts {
            best: self.tested_hashing().await?,
            encoding: self.read(row, "encoding")?,
        })
    }

    async fn column_statistics(&self, form: &HashPlan) -> PortResult<ColumnStatistics> {
        self.statistics_of_column(form).await.map_err(Failure::into)
    }

    async fn export_snapshot(&self) -> PortResult<Snapshot> {
        self.export_snapshot().await.map_err(Failure::into)
    }

    async fn active_sessions(&self) -> PortResult<u32> {
        let rows = self.query(ACTIVE, &[]).await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no count of sessions"))?;
        self.count(row, "active")
    }

    async fn digest(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<BTreeMap<u32, RowDigest>> {
        self.digests_of_buckets(form, region, buckets, at).await
    }

    async fn digests(&self, forms: &[&HashPlan]) -> PortResult<Vec<RowDigest>> {
        let mut digests = vec![RowDigest::default(); forms.len()];
        let (streamed, hashed): (Vec<_>, Vec<_>) = forms
            .iter()
            .enumerate()
            .partition(|(_, form)| form.hashing == Hashing::Stream);
        for (place, form) in streamed {
            let mut whole = self.digests_of_buckets(form, &Region::Whole, 1, None).await?;
            digests[place] = whole.remove(&0).unwrap_or_default();
        }
        let selects: Vec<String> = hashed
            .into_iter()
            .map(|(place, form)| {
                format!(
                    "select {place} as place, count(*) as rows, sum({})::text as sum from {}",
                    expression::row_hash(form),
                    from_where(form, &Region::Whole)
                )
            })
            .collect();
        if selects.is_empty() {
            return Ok(digests);
        }
        for row in &self.read_rows(&selects.join("\nunion all "), &[], None).await? {
            let place: i32 = self.read(row, "place")?;
            digests[place.unsigned_abs() as usize] = self.row_digest(row)?;
        }
        Ok(digests)
    }

    async fn begins(&self, form: &HashPlan, cuts: &[i64], at: &Snapshot) -> PortResult<Option<Vec<u32>>> {
        self.begins_of(form, cuts, at).await
    }

    async fn block_range(
        &self,
        form: &HashPlan,
        block_range: &BlockRange,
        at: &Snapshot,
    ) -> PortResult<BlockRangeDigest> {
        self.digest_block_range(form, block_range, at).await
    }

    async fn digests_in(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<(u32, RowDigest)>> {
        self.digests_within(form, region, within, buckets, at).await
    }

    async fn rows_in(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        self.rows_within(form, region, within, at).await
    }

    async fn rows_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = self.hashes_of(form, keys).await?;
        rows.dedup();
        Ok(rows)
    }

    async fn values_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowValues>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = self.row_values(form, keys).await?;
        rows.sort();
        rows.dedup();
        Ok(rows)
    }

    async fn shown_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowShown>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = self.row_shown(form, keys).await?;
        rows.sort();
        rows.dedup();
        Ok(rows)
    }
}
