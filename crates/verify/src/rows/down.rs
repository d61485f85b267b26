//! From a differing part of a table down to its rows.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crossover_core::{
    ports::{PortError, PortResult, Refusal, Snapshot},
    routing::Side,
    rows::{Bounds, BucketSet, HashPlan, Hashing, Region, RowHash, RowKey},
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    Comparison,
    chunks::power_of_two,
    difference::{Mismatches, differing},
    mismatch_budget::MismatchBudget,
    search::{Cells, Search, Step, suspects},
};
use crate::watch::SecondRead;

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
            let (ours, theirs) = again.add_up_both(forms, parts, buckets, [None; 2]).await?;
            let known = Search::new(buckets, suspects(&ours, &theirs), !forms.0.key.is_empty());
            let (more, cut) = again.down_to_rows(forms, parts, known, budget).await?;
            found.extend(more);
            if cut {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    /// Finds the rows that differ in some regions, of which `known` are the buckets that differ. Keys that are no text
    /// cannot be named; the sums prove the difference.
    pub(super) async fn down_to_rows(
        &self,
        forms: (&HashPlan, &HashPlan),
        parts: [&[Region]; 2],
        known: Search,
        budget: &MismatchBudget,
    ) -> PortResult<(Mismatches, bool)> {
        match self.to_rows(forms, parts, known, budget).await {
            Err(PortError::Refused {
                about: Refusal::Encoding,
                ..
            }) if forms.0.hashing != Hashing::Stream => Ok((Mismatches::new(), true)),
            found => found,
        }
    }

    /// Each step is a pass over the regions of its own, with its own snapshots, so none is held for longer than a pass.
    /// What a step finds equal was equal at the step's own time; a row is found only if the last of them finds it different.
    async fn to_rows(
        &self,
        forms: (&HashPlan, &HashPlan),
        parts: [&[Region]; 2],
        mut search: Search,
        budget: &MismatchBudget,
    ) -> PortResult<(Mismatches, bool)> {
        let mut found = Mismatches::new();
        while let Some(step) = search.next(budget.left()) {
            match step {
                Step::Rows(set) => {
                    let (ours, theirs) = self.fetch_both(forms, parts, &set).await?;
                    let rows = ours.len().max(theirs.len()) as u64;
                    let different = differing(ours, theirs);
                    search.fetched(rows, different.len() as u64);
                    if budget.reserve(&mut found, different) {
                        return Ok((found, true));
                    }
                }
                Step::Finer(set, buckets) => {
                    search.counted(&self.count_finer(forms, parts, &set, buckets).await?);
                }
            }
        }
        Ok((found, search.left_out()))
    }

    async fn fetch_both(
        &self,
        forms: (&HashPlan, &HashPlan),
        parts: [&[Region]; 2],
        set: &BucketSet,
    ) -> PortResult<(Vec<RowHash>, Vec<RowHash>)> {
        self.in_a_pass(parts, |at| async move {
            futures::try_join!(
                self.fetch(Side::Source, forms.0, parts[0], set, at[0].as_deref()),
                self.fetch(Side::Target, forms.1, parts[1], set, at[1].as_deref())
            )
        })
        .await
    }

    async fn fetch(
        &self,
        side: Side,
        form: &HashPlan,
        parts: &[Region],
        set: &BucketSet,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        let database = self.side(side);
        let rows: Vec<Vec<RowHash>> = stream::iter(parts.to_vec())
            .map(|region| async move { database.rows_in(form, &region, set, at).await })
            .buffer_unordered(self.options.jobs.max(1))
            .try_collect()
            .await?;
        Ok(merged(rows))
    }

    async fn count_finer(
        &self,
        forms: (&HashPlan, &HashPlan),
        parts: [&[Region]; 2],
        set: &BucketSet,
        buckets: u32,
    ) -> PortResult<Cells> {
        self.in_a_pass(parts, |at| async move {
            let cells = Mutex::new(Cells::new(set.clone(), buckets));
            let count = |side: Side, form, at| self.add_to(&cells, side, form, parts, (set, buckets), at);
            futures::try_join!(
                count(Side::Source, forms.0, at[0].as_deref()),
                count(Side::Target, forms.1, at[1].as_deref())
            )?;
            Ok(cells.into_inner().unwrap_or_else(PoisonError::into_inner))
        })
        .await
    }

    async fn add_to(
        &self,
        cells: &Mutex<Cells>,
        side: Side,
        form: &HashPlan,
        parts: [&[Region]; 2],
        (set, buckets): (&BucketSet, u32),
        at: Option<&Snapshot>,
    ) -> PortResult<()> {
        let database = self.side(side);
        let parts = match side {
            Side::Source => parts[0],
            Side::Target => parts[1],
        };
        stream::iter(parts.to_vec())
            .map(|region| async move { database.digests_in(form, &region, set, buckets, at).await })
            .buffer_unordered(self.options.jobs.max(1))
            .try_for_each(|digests| {
                let mut cells = cells.lock().unwrap_or_else(PoisonError::into_inner);
                cells.add(side == Side::Source, &digests);
                std::future::ready(Ok(()))
            })
            .await
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
