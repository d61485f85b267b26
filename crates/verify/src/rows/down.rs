//! From a differing part of a table down to its rows.

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::{
    ports::{PortError, PortResult, Refusal, Snapshot},
    routing::Side,
    rows::{Bounds, HashPlan, Hashing, Region, RowHash, RowKey},
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    Comparison,
    chunk::Digests,
    chunks::power_of_two,
    difference::{Mismatches, differing},
    mismatch_budget::MismatchBudget,
};
use crate::watch::SecondRead;

/// Number of rows fetched from each side at once when a chunk is examined.
const ROWS_AT_ONCE: u64 = 20_000;
/// Number of parts into which a differing range is divided.
const PIECES: u32 = 16;
/// Target number of rows in a part of a differing range.
const PART_ROWS: u64 = 256;

impl Comparison<'_> {
    /// Finds the rows that differ in a range. Narrower ranges come first where the key can be divided at any
    /// value: they are read through the index, and most of them are equal; buckets need two reads of all
    /// rows.
    pub(super) async fn drill_into_range(
        &self,
        forms: (&HashPlan, &HashPlan),
        bounds: &Bounds,
        jobs: usize,
        budget: &MismatchBudget,
    ) -> PortResult<(Mismatches, bool)> {
        let watch = SecondRead(self.watch);
        let again = Comparison {
            watch: &watch,
            ..*self
        };
        let again = &again;
        let key = forms.0.key_columns().next();
        let pieces = if key.is_some_and(|key| key.form.is_integer()) {
            bounds.pieces(PIECES)
        } else {
            vec![bounds.clone()]
        };
        let suspicious: Vec<(Bounds, u64)> = stream::iter(pieces)
            .map(|piece| async move {
                let (ours, theirs) = again.range(forms, &piece).await?;
                Ok::<_, PortError>((ours != theirs).then(|| (piece, ours.rows.max(theirs.rows))))
            })
            .buffered(jobs)
            .try_filter_map(async |piece| Ok(piece))
            .try_collect()
            .await?;
        let mut found = Mismatches::new();
        for (piece, rows) in suspicious {
            let region = Region::Keys(piece);
            let parts = [std::slice::from_ref(&region); 2];
            let buckets = power_of_two(rows / PART_ROWS);
            let (more, cut) = again
                .down_to_rows(forms, parts, buckets, None, [None; 2], budget)
                .await?;
            found.extend(more);
            if cut {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    /// Finds the rows that differ in some regions. Keys that are no text cannot be named; the sums prove the difference.
    pub(super) async fn down_to_rows(
        &self,
        forms: (&HashPlan, &HashPlan),
        parts: [&[Region]; 2],
        buckets: u32,
        known: Option<(&Digests, &Digests)>,
        at: [Option<&Snapshot>; 2],
        budget: &MismatchBudget,
    ) -> PortResult<(Mismatches, bool)> {
        match self.to_rows(forms, parts, buckets, known, at, budget).await {
            Err(PortError::Refused {
                about: Refusal::Encoding,
                ..
            }) if forms.0.hashing != Hashing::Stream => Ok((Mismatches::new(), true)),
            found => found,
        }
    }

    /// First the buckets that differ, then their rows.
    async fn to_rows(
        &self,
        forms: (&HashPlan, &HashPlan),
        parts: [&[Region]; 2],
        buckets: u32,
        known: Option<(&Digests, &Digests)>,
        at: [Option<&Snapshot>; 2],
        budget: &MismatchBudget,
    ) -> PortResult<(Mismatches, bool)> {
        let computed;
        let (ours, theirs) = if let Some(known) = known {
            known
        } else {
            computed = self.add_up_both(forms, parts, buckets, at).await?;
            (&computed.0, &computed.1)
        };
        let all: BTreeSet<u32> = ours.keys().chain(theirs.keys()).copied().collect();
        let suspicious: Vec<u32> = all.into_iter().filter(|b| ours.get(b) != theirs.get(b)).collect();
        let rows_of = |digests: &Digests, bucket: &u32| digests.get(bucket).map_or(0, |d| d.rows);
        let mut found = Mismatches::new();
        let mut rest = suspicious.as_slice();
        while !rest.is_empty() {
            if !budget.is_left() {
                return Ok((found, true));
            }
            let mut rows = 0;
            let mut batch = 0;
            while batch < rest.len() && (batch == 0 || rows < ROWS_AT_ONCE) {
                rows += rows_of(ours, &rest[batch]).max(rows_of(theirs, &rest[batch]));
                batch += 1;
            }
            let (wanted, later) = rest.split_at(batch);
            rest = later;
            let (ours, theirs) = futures::try_join!(
                self.fetch(Side::Source, forms.0, parts[0], buckets, wanted, at[0]),
                self.fetch(Side::Target, forms.1, parts[1], buckets, wanted, at[1])
            )?;
            if budget.reserve(&mut found, differing(ours, theirs)) {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    async fn fetch(
        &self,
        side: Side,
        form: &HashPlan,
        parts: &[Region],
        buckets: u32,
        wanted: &[u32],
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        let database = self.side(side);
        let rows: Vec<Vec<RowHash>> = stream::iter(parts.to_vec())
            .map(|region| async move { database.rows_in(form, &region, buckets, wanted, at).await })
            .buffer_unordered(self.options.jobs.max(1))
            .try_collect()
            .await?;
        Ok(merged(rows))
    }
}

/// Rows of several parts; equal rows are counted together.
fn merged(parts: Vec<Vec<RowHash>>) -> Vec<RowHash> {
    let mut rows: BTreeMap<(RowKey, i128), u64> = BTreeMap::new();
    for row in parts.into_iter().flatten() {
        *rows.entry((row.key, row.hash)).or_default() += row.count;
    }
    rows.into_iter()
        .map(|((key, hash), count)| RowHash { key, hash, count })
        .collect()
}
