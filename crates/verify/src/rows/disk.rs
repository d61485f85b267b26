//! Ranges of the key, read by the blocks that contain most of their rows.

use crossover_core::{
    ports::{PortError, PortResult, Snapshot},
    routing::Side,
    rows::{
        BlockRange, BlockRangeDigest, Bounds, HashPlan, Hashing, RowDigest, block_ranges, gather,
        integer_cuts,
    },
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    Chunk, Comparison, Ranges, TableResult, difference::Mismatches, mismatch_budget::MismatchBudget,
};

/// The digest of a range is known only after the whole disk was read, so ranges cannot become narrower after
/// the first difference: they are narrow from the beginning.
const NARROWER: u64 = 2;
/// Maximum number of rows of a block range that may belong to other ranges: one in 64, plus the rows of a
/// block or two. Each such row is kept separately until all ranges are read: at most 20 MB per side.
const ELSEWHERE: u64 = 64;
const ALWAYS: u64 = 500;

impl Comparison<'_> {
    /// Sums all ranges, at least one side by its blocks, and examines those that differ.
    pub(super) async fn by_block_ranges(
        &self,
        forms: (&HashPlan, &HashPlan),
        ranges: &Ranges,
        result: &mut TableResult,
    ) -> PortResult<Mismatches> {
        let joined = ranges.joined(self.options.chunk_rows / NARROWER);
        let [ours, theirs] = ranges.by_disk;
        let (ours, theirs) = futures::try_join!(
            self.all_ranges(Side::Source, forms.0, &joined, ours),
            self.all_ranges(Side::Target, forms.1, &joined, theirs)
        )?;
        let budget = &MismatchBudget::new(self.options);
        let chunks = joined.into_iter().zip(ours.into_iter().zip(theirs)).zip(0..);
        let chunks = stream::iter(chunks)
            .map(|((bounds, (source, target)), id)| async move {
                let chunk = Chunk {
                    id,
                    bounds: Some(bounds),
                    source,
                    target,
                };
                self.examined(forms, chunk, 1, budget).await
            })
            .buffer_unordered(self.options.jobs.max(1));
        self.collected(chunks, result).await
    }

    /// The digests of all ranges on one side.
    async fn all_ranges(
        &self,
        side: Side,
        form: &HashPlan,
        ranges: &[Bounds],
        by_disk: bool,
    ) -> PortResult<Vec<RowDigest>> {
        if by_disk && form.hashing != Hashing::Stream {
            match self.by_disk(side, form, ranges).await {
                Ok(Some(digests)) => return Ok(digests),
                // A server that was away has lost its snapshot; reading by index needs none.
                Ok(None) | Err(PortError::ReadAgain { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        stream::iter(ranges.to_vec())
            .map(|bounds| async move { self.by_index(side, form, &bounds).await })
            .buffered(self.options.jobs.max(1))
            .try_collect()
            .await
    }

    /// The same by blocks, in one snapshot: a row that moves between two statements would be read twice or
    /// not at all. Returns `None` if too many rows are stored away from their key's range, and if the server
    /// is busy: while a snapshot is held, vacuum can remove no row version, so no snapshot is held during a
    /// wait.
    async fn by_disk(
        &self,
        side: Side,
        form: &HashPlan,
        ranges: &[Bounds],
    ) -> PortResult<Option<Vec<RowDigest>>> {
        let Some(cuts) = integer_cuts(ranges) else {
            return Ok(None);
        };
        let database = self.side(side);
        let snapshot = &self.snapshot_of(side).await?;
        let Some(begins) = database.begins(form, &cuts, snapshot).await? else {
            return Ok(None);
        };
        let Some(block_ranges) = block_ranges(ranges, &begins) else {
            return Ok(None);
        };
        let parts: Option<Vec<BlockRangeDigest>> = stream::iter(block_ranges)
            .map(|block_range| async move { self.block_range(side, form, &block_range, snapshot).await })
            .buffered(self.options.jobs.max(1))
            .map_ok(|part| part.filter(is_mostly_its_own))
            // The first of them is sufficient.
            .try_take_while(|part| std::future::ready(Ok(part.is_some())))
            .try_collect::<Vec<_>>()
            .await?
            .into_iter()
            .collect();
        Ok(parts.and_then(|parts| gather(&cuts, &parts)))
    }

    async fn block_range(
        &self,
        side: Side,
        form: &HashPlan,
        block_range: &BlockRange,
        snapshot: &Snapshot,
    ) -> PortResult<Option<BlockRangeDigest>> {
        if block_range.blocks.0 >= block_range.blocks.1 {
            return Ok(Some(BlockRangeDigest::default()));
        }
        let database = self.side(side);
        if self
            .governor
            .too_many(side, database, self.clock)
            .await?
            .is_some()
        {
            return Ok(None);
        }
        let work = database.block_range(form, block_range, snapshot);
        self.measured(side, work, |part| part.all.rows).await.map(Some)
    }
}

/// Whether most rows of the block range belong to its own range, so that reading by blocks costs less.
const fn is_mostly_its_own(part: &BlockRangeDigest) -> bool {
    part.out_of_range_rows.len() as u64 <= part.all.rows / ELSEWHERE + ALWAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_range_may_hold_some_rows_of_others_and_not_many() {
        let part = |rows, out_of_range_rows| BlockRangeDigest {
            all: RowDigest { rows, sum: 0 },
            out_of_range_rows: vec![(0, 0); out_of_range_rows],
        };
        assert!(is_mostly_its_own(&part(400, 400)));
        assert!(is_mostly_its_own(&part(64_000, 1_500)));
        assert!(!is_mostly_its_own(&part(64_000, 1_501)));
    }
}
