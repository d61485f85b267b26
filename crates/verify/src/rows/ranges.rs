//! Ranges of the key, each compared separately.

use std::sync::atomic::{AtomicBool, Ordering};

use crossover_core::{
    ports::PortResult,
    routing::Side,
    rows::{Bounds, HashPlan, Region, RowDigest},
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    Chunk, Comparison, TableResult, chunk::Digests, difference::Mismatches, mismatch_budget::MismatchBudget,
    walk::Walk,
};

/// A table in narrow ranges of its key; several of them make a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges {
    pub bounds: Vec<Bounds>,
    /// Approximate number of rows of all ranges.
    pub rows: u64,
    /// The most rows of a chunk, for its size in bytes.
    pub chunk_rows: u64,
    /// The sides that can be read in block ranges.
    pub by_disk: [bool; 2],
}

impl Ranges {
    /// Groups of adjacent ranges with about this many rows, each as one range.
    pub(crate) fn joined(&self, chunk_rows: u64) -> Vec<Bounds> {
        let mut walk = self.walk(chunk_rows);
        std::iter::from_fn(|| walk.next(false)).collect()
    }

    fn walk(&self, chunk_rows: u64) -> Walk<'_> {
        Walk::new(&self.bounds, self.rows, chunk_rows.min(self.chunk_rows))
    }
}

impl Comparison<'_> {
    /// Compares all ranges. The job that summed a differing range also examines it, so that the servers
    /// continue with the other ranges in parallel.
    pub(super) async fn by_ranges(
        &self,
        forms: (&HashPlan, &HashPlan),
        ranges: &Ranges,
        result: &mut TableResult,
    ) -> PortResult<Mismatches> {
        if ranges.by_disk.contains(&true) {
            return self.by_block_ranges(forms, ranges, result).await;
        }
        let budget = &MismatchBudget::new(self.options);
        let differs = &AtomicBool::new(false);
        // If a table has one range only, all jobs are available for its parts.
        let jobs = (self.options.jobs / ranges.bounds.len().max(1)).max(1);
        let mut walk = ranges.walk(self.options.chunk_rows);
        let runs = std::iter::from_fn(move || walk.next(differs.load(Ordering::Relaxed)));
        let chunks = stream::iter(runs.enumerate())
            .map(|(id, bounds)| async move {
                let (source, target) = self.range(forms, &bounds).await?;
                if source != target {
                    differs.store(true, Ordering::Relaxed);
                }
                let chunk = Chunk {
                    id: id as u32,
                    bounds: Some(bounds),
                    source,
                    target,
                };
                self.examined(forms, chunk, jobs, budget).await
            })
            .buffer_unordered(self.options.jobs.max(1));
        self.collected(chunks, result).await
    }

    /// A chunk with the rows that differ in it, and whether further rows differ.
    pub(super) async fn examined(
        &self,
        forms: (&HashPlan, &HashPlan),
        chunk: Chunk,
        jobs: usize,
        budget: &MismatchBudget,
    ) -> PortResult<(Chunk, Mismatches, bool)> {
        let (found, more) = match &chunk.bounds {
            Some(bounds) if chunk.differs() && budget.is_left() => {
                self.drill_into_range(forms, bounds, jobs, budget).await?
            }
            _ => (Mismatches::new(), chunk.differs()),
        };
        Ok((chunk, found, more))
    }

    /// Adds the chunks to the result.
    pub(super) async fn collected(
        &self,
        chunks: impl stream::Stream<Item = PortResult<(Chunk, Mismatches, bool)>>,
        result: &mut TableResult,
    ) -> PortResult<Mismatches> {
        let mut chunks = std::pin::pin!(chunks);
        let mut open = Mismatches::new();
        while let Some((chunk, found, more)) = chunks.try_next().await? {
            result.rows_source += chunk.source.rows;
            result.rows_target += chunk.target.rows;
            result.chunks.push(chunk);
            result.truncated |= more;
            open.extend(found);
        }
        result.chunks.sort_by_key(|chunk| chunk.id);
        Ok(open)
    }

    /// The rows of one range on both sides, read by index.
    pub(super) async fn range(
        &self,
        forms: (&HashPlan, &HashPlan),
        bounds: &Bounds,
    ) -> PortResult<(RowDigest, RowDigest)> {
        futures::try_join!(
            self.by_index(Side::Source, forms.0, bounds),
            self.by_index(Side::Target, forms.1, bounds)
        )
    }

    pub(super) async fn by_index(
        &self,
        side: Side,
        form: &HashPlan,
        bounds: &Bounds,
    ) -> PortResult<RowDigest> {
        let region = Region::Keys(bounds.clone());
        let digests: Digests = self.digest(side, form, &region, 1, None).await?;
        Ok(digests.into_values().next().unwrap_or_default())
    }
}
