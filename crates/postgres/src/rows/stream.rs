//! Hashes rows in this process, for servers whose hash functions cannot be trusted or used.

use std::collections::BTreeMap;

use crossover_core::{
    ports::{PortError, PortResult, Snapshot},
    rows::{BucketSet, HashPlan, Region, RowDigest, RowHash},
};
use futures::{StreamExt, pin_mut};
use tokio_postgres::{binary_copy::BinaryCopyOutStream, types::Type};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use super::{expression, readers::At, region::from_where};
use crate::{PostgresDatabase, errors::Failure};

impl PostgresDatabase {
    /// Digests of the buckets of a region, of those within others if these are given.
    pub(super) async fn streamed_digest(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        within: Option<&BucketSet>,
        at: Option<&Snapshot>,
        digests: &mut BTreeMap<u32, RowDigest>,
    ) -> PortResult<()> {
        self.stream(form, region, at, |row| {
            let bucket = bucket(form, &row, buckets);
            if within.is_some_and(|within| within.place(bucket).is_none()) {
                return;
            }
            let digest = digests.entry(bucket).or_default();
            *digest = digest.plus(RowDigest {
                rows: 1,
                sum: row.hash,
            });
        })
        .await
    }

    /// Rows of some buckets; equal rows of a table without a key appear once, with their count.
    pub(super) async fn streamed_rows(
        &self,
        form: &HashPlan,
        region: &Region,
        wanted: impl Fn(&RowHash) -> bool + Send + Sync,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        let mut rows: BTreeMap<(Vec<String>, i128), u64> = BTreeMap::new();
        self.stream(form, region, at, |row| {
            if wanted(&row) {
                *rows.entry((row.key, row.hash)).or_default() += 1;
            }
        })
        .await?;
        Ok(rows
            .into_iter()
            .map(|((key, hash), count)| RowHash { key, hash, count })
            .collect())
    }

    async fn stream(
        &self,
        form: &HashPlan,
        region: &Region,
        at: Option<&Snapshot>,
        mut take: impl FnMut(RowHash) + Send,
    ) -> PortResult<()> {
        let key = if form.key.is_empty() {
            "null::text[]".to_owned()
        } else {
            expression::key_text(form)
        };
        let sql = format!(
            "copy (select {key}, {} from {}) to stdout (format binary)",
            expression::row_text(form),
            from_where(form, region)
        );
        let client = self.reader().await?;
        let fail = |error: tokio_postgres::Error| PortError::from(Failure::from_driver(self.what(), &error));
        let at = at.map(|snapshot| At::new(snapshot, form, region));
        if let Some(at) = at {
            self.enter(&client, at).await?;
        }
        let rows = client.copy_out(&sql).await.map_err(fail)?;
        let rows = BinaryCopyOutStream::new(rows, &[Type::TEXT_ARRAY, Type::TEXT]);
        pin_mut!(rows);
        while let Some(row) = rows.next().await {
            let row = row.map_err(fail)?;
            let text: &str = row.try_get(1).map_err(fail)?;
            let hash = xxh3_128_with_seed(text.as_bytes(), form.seed.cast_unsigned()).cast_signed();
            let key: Option<Vec<String>> = row.try_get(0).map_err(fail)?;
            take(RowHash {
                key: key.unwrap_or_else(|| vec![hash.to_string()]),
                hash,
                count: 1,
            });
        }
        if let Some(at) = at {
            self.leave_snapshot(&client, at).await?;
        }
        client.give_back();
        Ok(())
    }
}

/// The bucket of a streamed row.
pub(super) fn bucket(form: &HashPlan, row: &RowHash, buckets: u32) -> u32 {
    let number = if form.key.is_empty() {
        row.hash as u64
    } else {
        let mut bytes = Vec::new();
        for text in &row.key {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        xxh3_64_with_seed(&bytes, form.seed.cast_unsigned())
    };
    (number & u64::from(buckets - 1)) as u32
}
