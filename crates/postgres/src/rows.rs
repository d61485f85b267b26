//! Row content, hashed on the server where possible.
//!
//! `crossover_core::rows` decides how rows are hashed; this module writes the SQL. Sessions are read-only and
//! pin every setting that affects the texts of values.

mod block_range;
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
        BlockRange, BlockRangeDigest, ColumnStatistics, HashPlan, Hashing, HashingFacts, Region, RowDigest,
        RowHash, RowKey, RowShown, RowValues, TableShape,
    },
};
use tokio_postgres::{Row, types::Type};

pub use region::relation;

use crate::{PostgresDatabase, errors::Failure};
use readers::At;
use region::{from_where, from_where_and};

const ACTIVE: &str = "select count(*) as active from pg_stat_activity a \
    where a.state = 'active' and a.backend_type = 'client backend' and a.application_name <> 'crossover'";

/// The statement that only hashes all rows of a table, as a comparison does: the lower bound of a
/// comparison's cost.
pub fn hash_sql(form: &HashPlan) -> String {
    expression::bare_aggregate(form, &relation(form))
}

impl PostgresDatabase {
    fn check_buckets(&self, buckets: u32) -> PortResult<()> {
        if buckets.is_power_of_two() {
            return Ok(());
        }
        Err(self.refused(format!(
            "rows cannot be counted in {buckets} buckets: use a power of two"
        )))
    }

    /// Reads the columns `rows` and `sum`; `sum` is NULL without rows.
    fn row_digest(&self, row: &Row) -> PortResult<RowDigest> {
        let sum = self.read::<Option<&str>>(row, "sum")?.unwrap_or("0");
        Ok(RowDigest {
            rows: self.read::<i64>(row, "rows")?.unsigned_abs(),
            sum: sum
                .parse()
                .map_err(|e| PortError::unexpected(self.what(), format!("sum {sum:?}: {e}")))?,
        })
    }

    fn row_hashes(&self, rows: &[Row]) -> PortResult<Vec<RowHash>> {
        let mut hashes = rows
            .iter()
            .map(|row| {
                Ok(RowHash {
                    key: self.read(row, "key")?,
                    hash: i128::from(self.read::<i64>(row, "hash")?),
                    count: self.read::<i64>(row, "count")?.unsigned_abs(),
                })
            })
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
        self.check_buckets(buckets)?;
        if form.hashing == Hashing::Stream {
            return self.streamed_digest(form, region, buckets, at).await;
        }
        let (hash, from) = (expression::row_hash(form), from_where(form, region));
        let mask = buckets - 1;
        // Without `offset 0` the planner expects as many buckets as keys and sorts them.
        let sql = if buckets == 1 {
            format!(
                "select 0 as bucket, count(*) as rows, sum({hash})::text as sum from {from} having count(*) > 0"
            )
        } else if form.key.is_empty() {
            format!(
                "select (h & {mask})::int4 as bucket, count(*) as rows, sum(h)::text as sum \
                 from (select {hash} as h from {from} offset 0) x group by 1"
            )
        } else {
            let key = expression::key_hash(form);
            format!(
                "select b as bucket, count(*) as rows, sum(h)::text as sum \
                 from (select ({key} & {mask})::int4 as b, {hash} as h from {from} offset 0) x group by 1"
            )
        };
        let at = at.map(|snapshot| At::new(snapshot, form, region));
        let rows = self.read_rows(&sql, &[], at).await?;
        let mut digests = BTreeMap::new();
        for row in &rows {
            digests.insert(
                self.read::<i32>(row, "bucket")?.unsigned_abs(),
                self.row_digest(row)?,
            );
        }
        Ok(digests)
    }

    async fn digests(&self, forms: &[&HashPlan]) -> PortResult<Vec<RowDigest>> {
        let mut digests = vec![RowDigest::default(); forms.len()];
        let (streamed, hashed): (Vec<_>, Vec<_>) = forms
            .iter()
            .enumerate()
            .partition(|(_, form)| form.hashing == Hashing::Stream);
        for (place, form) in streamed {
            let mut whole = self.streamed_digest(form, &Region::Whole, 1, None).await?;
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

    async fn rows_in(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        wanted: &[u32],
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        self.check_buckets(buckets)?;
        if form.hashing == Hashing::Stream {
            let of_wanted = |row: &RowHash| wanted.contains(&stream::bucket(form, row, buckets));
            return self.streamed_rows(form, region, of_wanted, at).await;
        }
        let hash = expression::row_hash(form);
        let mask = buckets - 1;
        let wanted: Vec<i32> = wanted.iter().map(|b| b.cast_signed()).collect();
        let sql = if form.key.is_empty() {
            format!(
                "select array[h::text] as key, h as hash, count(*) as count from (select {hash} as h from {} offset 0) x \
                 where (h & {mask})::int4 = any ($1) group by h",
                from_where(form, region)
            )
        } else {
            // The bucket is tested first: most rows are in other buckets and need no hash.
            let condition = format!("({} & {mask})::int4 = any ($1)", expression::key_hash(form));
            format!(
                "select {} as key, {hash} as hash, 1::int8 as count from {}",
                expression::key_text(form),
                from_where_and(form, region, Some(condition))
            )
        };
        let at = at.map(|snapshot| At::new(snapshot, form, region));
        let rows = self.read_rows(&sql, &[(&wanted, Type::INT4_ARRAY)], at).await?;
        self.row_hashes(&rows)
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
