//! Ranges of the key read by the blocks where most of their rows lie.

use crossover_core::{
    ports::{Moment, PortError, PortResult},
    routing::Side,
    rows::{Bounds, Hashing, RowDigest, Stretch, StretchDigest, TableForm, gather, integer_cuts, stretches},
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{Chunk, Comparison, Ranges, TableResult, difference::Sightings, room::Room};

/// A range's digest is known when the whole disk was read, so none becomes narrower where something differs: they are so from the
/// beginning.
const NARROWER: u64 = 2;
/// Of the rows of a stretch so many may belong to other ranges: one in 64, and those of a block or two. Each is kept by itself until all are
/// known: 20 MB a side at the very most.
const ELSEWHERE: u64 = 64;
const ALWAYS: u64 = 500;

impl Comparison<'_> {
    /// Adds up all ranges, at least on one side by its disk, and looks into those that differ.
    pub(super) async fn by_stretches(
        &self,
        forms: (&TableForm, &TableForm),
        ranges: &Ranges,
        result: &mut TableResult,
    ) -> PortResult<Sightings> {
        let joined = ranges.joined(self.options.chunk_rows / NARROWER);
        let [ours, theirs] = ranges.by_disk;
        let (ours, theirs) = futures::try_join!(
            self.all_ranges(Side::Source, forms.0, &joined, ours),
            self.all_ranges(Side::Target, forms.1, &joined, theirs)
        )?;
        let room = &Room::new(self.options);
        let chunks = joined.into_iter().zip(ours.into_iter().zip(theirs)).zip(0..);
        let chunks = stream::iter(chunks)
            .map(|((bounds, (source, target)), id)| async move {
                let chunk = Chunk {
                    id,
                    bounds: Some(bounds),
                    source,
                    target,
                };
                self.looked_into(forms, chunk, 1, room).await
            })
            .buffer_unordered(self.options.jobs.max(1));
        self.collected(chunks, result).await
    }

    /// The digests of all ranges on one side.
    async fn all_ranges(
        &self,
        side: Side,
        form: &TableForm,
        ranges: &[Bounds],
        by_disk: bool,
    ) -> PortResult<Vec<RowDigest>> {
        if by_disk && form.hashing != Hashing::Stream {
            match self.by_disk(side, form, ranges).await {
                Ok(Some(digests)) => return Ok(digests),
                // A server that is away has lost its moment; the way by the index waits for it.
                Ok(None) | Err(PortError::Unreachable { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        stream::iter(ranges.to_vec())
            .map(|bounds| async move { self.by_index(side, form, &bounds).await })
            .buffered(self.options.jobs.max(1))
            .try_collect()
            .await
    }

    /// The same by the disk, as of one moment: a row that moves meanwhile would be read twice or not at all. None where too many rows lie
    /// elsewhere than their keys say, and where the server has other things to do: while a moment is kept, vacuum can remove nothing, so
    /// nobody waits with one.
    async fn by_disk(
        &self,
        side: Side,
        form: &TableForm,
        ranges: &[Bounds],
    ) -> PortResult<Option<Vec<RowDigest>>> {
        let Some(cuts) = integer_cuts(ranges) else {
            return Ok(None);
        };
        let database = self.side(side);
        let moment = &self.moment_of(side).await?;
        let Some(begins) = database.begins(form, &cuts, moment).await? else {
            return Ok(None);
        };
        let Some(stretches) = stretches(ranges, &begins) else {
            return Ok(None);
        };
        let parts: Option<Vec<StretchDigest>> = stream::iter(stretches)
            .map(|stretch| async move { self.stretch(side, form, &stretch, moment).await })
            .buffered(self.options.jobs.max(1))
            .map_ok(|part| part.filter(is_mostly_its_own))
            // The first of them is enough.
            .try_take_while(|part| std::future::ready(Ok(part.is_some())))
            .try_collect::<Vec<_>>()
            .await?
            .into_iter()
            .collect();
        Ok(parts.and_then(|parts| gather(&cuts, &parts)))
    }

    async fn stretch(
        &self,
        side: Side,
        form: &TableForm,
        stretch: &Stretch,
        moment: &Moment,
    ) -> PortResult<Option<StretchDigest>> {
        if stretch.blocks.0 >= stretch.blocks.1 {
            return Ok(Some(StretchDigest::default()));
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
        let work = database.stretch(form, stretch, moment);
        self.measured(side, work, |part| part.all.rows).await.map(Some)
    }
}

/// Whether reading the disk is cheaper than the index still.
const fn is_mostly_its_own(part: &StretchDigest) -> bool {
    part.elsewhere.len() as u64 <= part.all.rows / ELSEWHERE + ALWAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_may_hold_some_rows_of_others_and_not_many() {
        let part = |rows, elsewhere| StretchDigest {
            all: RowDigest { rows, sum: 0 },
            elsewhere: vec![(0, 0); elsewhere],
        };
        assert!(is_mostly_its_own(&part(400, 400)));
        assert!(is_mostly_its_own(&part(64_000, 1_500)));
        assert!(!is_mostly_its_own(&part(64_000, 1_501)));
    }
}
