//! Rows counted and fetched in buckets of the key's hash; in a table without a key the hash of the row stands for it.

use std::collections::BTreeMap;

use crossover_core::{
    ports::{PortError, PortResult, Snapshot},
    rows::{BucketSet, HashPlan, Hashing, Region, RowDigest, RowHash},
};
use tokio_postgres::{Row, types::Type};

use super::{
    expression,
    readers::At,
    region::{from_where, from_where_and},
    stream,
};
use crate::{PostgresDatabase, kept::Param};

/// Buckets of which a statement carries a bit each: 128 kB at most. More of them are looked up in a list too.
const BITS: u32 = 1 << 20;

/// The buckets of a set as parameters: a bit is looked up in the same time however many there are, on every version.
struct Wanted {
    bits: Vec<u8>,
    count: u32,
    /// Where there are more buckets than bits.
    list: Option<Vec<i32>>,
    buckets: u32,
}

impl Wanted {
    fn of(set: &BucketSet) -> Self {
        let (bits, count) = set.bits(BITS);
        let list = set.wanted().iter().map(|bucket| bucket.cast_signed()).collect();
        Self {
            bits,
            count,
            list: (count < set.buckets()).then_some(list),
            buckets: set.buckets(),
        }
    }

    fn condition(&self, hash: &str) -> String {
        let bit = format!("get_bit($1, {}) = 1", bucket(hash, self.count));
        match &self.list {
            Some(_) => format!("{bit} and {} = any ($2)", bucket(hash, self.buckets)),
            None => bit,
        }
    }

    fn params(&self) -> Vec<Param<'_>> {
        let mut params: Vec<Param<'_>> = vec![(&self.bits, Type::BYTEA)];
        params.extend(self.list.as_ref().map(|list| (list as _, Type::INT4_ARRAY)));
        params
    }
}

/// The last bits of a hash.
fn bucket(hash: &str, buckets: u32) -> String {
    format!("({hash} & {})::int4", buckets - 1)
}

/// Buckets, with the rows and the sum of each. Without `offset 0` the planner expects as many buckets as keys and sorts
/// them.
fn grouped(form: &HashPlan, region: &Region, buckets: u32, wanted: Option<&Wanted>) -> String {
    let row = expression::row_hash(form);
    let what = "count(*) as rows, sum(h)::text as sum";
    if form.key.is_empty() {
        let condition = wanted.map(|wanted| format!("where {}", wanted.condition("h")));
        return format!(
            "select {} as bucket, {what} from (select {row} as h from {} offset 0) x {} group by 1",
            bucket("h", buckets),
            from_where(form, region),
            condition.unwrap_or_default()
        );
    }
    let key = expression::key_hash(form);
    let condition = wanted.map(|wanted| wanted.condition(&key));
    format!(
        "select b as bucket, {what} from (select {} as b, {row} as h from {} offset 0) x group by 1",
        bucket(&key, buckets),
        from_where_and(form, region, condition)
    )
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

    pub(super) async fn digests_of_buckets(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<BTreeMap<u32, RowDigest>> {
        self.check_buckets(buckets)?;
        let mut digests = BTreeMap::new();
        if form.hashing == Hashing::Stream {
            self.streamed_digest(form, region, buckets, None, at, &mut digests)
                .await?;
            return Ok(digests);
        }
        let sql = if buckets == 1 {
            format!(
                "select 0 as bucket, count(*) as rows, sum({})::text as sum from {} having count(*) > 0",
                expression::row_hash(form),
                from_where(form, region)
            )
        } else {
            grouped(form, region, buckets, None)
        };
        let at = at.map(|snapshot| At::new(snapshot, form, region));
        self.read_each(&sql, &[], at, |row| {
            let (bucket, digest) = self.bucket_digest(&row)?;
            digests.insert(bucket, digest);
            Ok(())
        })
        .await?;
        Ok(digests)
    }

    pub(super) async fn digests_within(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<(u32, RowDigest)>> {
        self.check_buckets(buckets)?;
        self.check_buckets(within.buckets())?;
        if form.hashing == Hashing::Stream {
            let mut digests = BTreeMap::new();
            self.streamed_digest(form, region, buckets, Some(within), at, &mut digests)
                .await?;
            return Ok(digests.into_iter().collect());
        }
        let wanted = Wanted::of(within);
        let sql = grouped(form, region, buckets, Some(&wanted));
        let at = at.map(|snapshot| At::new(snapshot, form, region));
        let mut digests = Vec::new();
        self.read_each(&sql, &wanted.params(), at, |row| {
            digests.push(self.bucket_digest(&row)?);
            Ok(())
        })
        .await?;
        Ok(digests)
    }

    pub(super) async fn rows_within(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        self.check_buckets(within.buckets())?;
        if form.hashing == Hashing::Stream {
            let of_wanted = |row: &RowHash| {
                within
                    .place(stream::bucket(form, row, within.buckets()))
                    .is_some()
            };
            return self.streamed_rows(form, region, of_wanted, at).await;
        }
        let hash = expression::row_hash(form);
        let wanted = Wanted::of(within);
        let sql = if form.key.is_empty() {
            format!(
                "select array[h::text] as key, h as hash, count(*) as count from (select {hash} as h from {} offset 0) x \
                 where {} group by h",
                from_where(form, region),
                wanted.condition("h")
            )
        } else {
            // The bucket is tested first: most rows are in other buckets and need no hash.
            let condition = wanted.condition(&expression::key_hash(form));
            format!(
                "select {} as key, {hash} as hash, 1::int8 as count from {}",
                expression::key_text(form),
                from_where_and(form, region, Some(condition))
            )
        };
        let at = at.map(|snapshot| At::new(snapshot, form, region));
        let mut rows = Vec::new();
        self.read_each(&sql, &wanted.params(), at, |row| {
            rows.push(self.hashed(&row)?);
            Ok(())
        })
        .await?;
        rows.sort();
        Ok(rows)
    }

    fn bucket_digest(&self, row: &Row) -> PortResult<(u32, RowDigest)> {
        Ok((
            self.read::<i32>(row, "bucket")?.unsigned_abs(),
            self.row_digest(row)?,
        ))
    }

    /// Reads the columns `rows` and `sum`; `sum` is NULL without rows.
    pub(super) fn row_digest(&self, row: &Row) -> PortResult<RowDigest> {
        let sum = self.read::<Option<&str>>(row, "sum")?.unwrap_or("0");
        Ok(RowDigest {
            rows: self.read::<i64>(row, "rows")?.unsigned_abs(),
            sum: sum
                .parse()
                .map_err(|e| PortError::unexpected(self.what(), format!("sum {sum:?}: {e}")))?,
        })
    }

    pub(super) fn hashed(&self, row: &Row) -> PortResult<RowHash> {
        Ok(RowHash {
            key: self.read(row, "key")?,
            hash: i128::from(self.read::<i64>(row, "hash")?),
            count: self.read::<i64>(row, "count")?.unsigned_abs(),
        })
    }
}
