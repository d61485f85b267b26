//! Ranges of a key read by the blocks where most of their rows lie.
//!
//! In the order of the disk a server reads for less than by an index. A row need not lie where its key says (a short one fills a gap
//! further ahead, a changed one moves), so whatever a block range holds of other ranges is named row by row and added to its own range.
//! Nothing depends on the order but the price.

use super::{Bounds, RowDigest};

/// The blocks of one range of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRange {
    pub keys: Bounds,
    /// From (included) to (not included).
    pub blocks: (u32, u32),
}

/// What was read in a block range.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockRangeDigest {
    /// All rows of its blocks.
    pub all: RowDigest,
    /// Those among them that belong to other ranges: key and hash.
    pub out_of_range_rows: Vec<(i64, i64)>,
}

/// The keys at which ranges follow each other; none where one is no integer.
pub fn integer_cuts(ranges: &[Bounds]) -> Option<Vec<i64>> {
    let cuts = ranges.iter().skip(1);
    cuts.map(|range| range.from.as_ref()?.parse().ok()).collect()
}

/// Cuts the disk where the ranges begin: `begins` has the block of the first row that is not below the n-th cut. Every block is in exactly
/// one block range. None where the ranges do not begin one after the other.
pub fn block_ranges(ranges: &[Bounds], begins: &[u32]) -> Option<Vec<BlockRange>> {
    if begins.len() + 1 != ranges.len() || !begins.is_sorted() {
        return None;
    }
    let starts = std::iter::once(0).chain(begins.iter().copied());
    let ends = begins.iter().copied().chain(std::iter::once(u32::MAX));
    let blocks = starts.zip(ends);
    Some(
        ranges
            .iter()
            .zip(blocks)
            .map(|(keys, blocks)| BlockRange {
                keys: keys.clone(),
                blocks,
            })
            .collect(),
    )
}

/// The digest of every range between the cuts from those of all block ranges, in their order. None where there is not one for each.
pub fn gather(cuts: &[i64], parts: &[BlockRangeDigest]) -> Option<Vec<RowDigest>> {
    if parts.len() != cuts.len() + 1 {
        return None;
    }
    let mut digests: Vec<RowDigest> = parts.iter().map(|part| part.all).collect();
    for (place, part) in parts.iter().enumerate() {
        for (key, hash) in &part.out_of_range_rows {
            let row = RowDigest {
                rows: 1,
                sum: i128::from(*hash),
            };
            let own = cuts.partition_point(|cut| cut <= key);
            digests[place] = digests[place].minus(row);
            digests[own] = digests[own].plus(row);
        }
    }
    Some(digests)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranges(cuts: &[i64]) -> Vec<Bounds> {
        let text = |cut: &i64| Some(cut.to_string());
        let starts = std::iter::once(None).chain(cuts.iter().map(text));
        let ends = cuts.iter().map(text).chain(std::iter::once(None));
        starts.zip(ends).map(|(from, to)| Bounds { from, to }).collect()
    }

    const fn hash(key: i64) -> i64 {
        key.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()) ^ 0x5bd1
    }

    fn digest(keys: impl Iterator<Item = i64>) -> RowDigest {
        keys.fold(RowDigest::default(), |sum, key| {
            sum.plus(RowDigest {
                rows: 1,
                sum: i128::from(hash(key)),
            })
        })
    }

    /// Reads a block range as a server does.
    fn read(disk: &[Vec<i64>], block_range: &BlockRange) -> BlockRangeDigest {
        let (from, to) = block_range.blocks;
        let blocks = disk.iter().take(to as usize).skip(from as usize);
        let keys: Vec<i64> = blocks.flatten().copied().collect();
        BlockRangeDigest {
            all: digest(keys.iter().copied()),
            out_of_range_rows: keys
                .into_iter()
                .filter(|key| !block_range.keys.hold(*key))
                .map(|key| (key, hash(key)))
                .collect(),
        }
    }

    proptest! {
        #[test]
        fn every_row_is_counted_once_and_in_its_range_wherever_it_lies(
            disk in proptest::collection::vec(proptest::collection::vec(-60i64..60, 0..6), 1..30),
            cuts in proptest::collection::btree_set(-70i64..70, 1..14),
            mut begins in proptest::collection::vec(0u32..40, 13),
        ) {
            let cuts: Vec<i64> = cuts.into_iter().collect();
            begins.truncate(cuts.len());
            begins.sort_unstable();
            let ranges = ranges(&cuts);
            let parts: Vec<_> = block_ranges(&ranges, &begins).unwrap().iter().map(|s| read(&disk, s)).collect();
            let held = |range: &Bounds| digest(disk.iter().flatten().copied().filter(|key| range.hold(*key)));
            let expected: Vec<RowDigest> = ranges.iter().map(held).collect();
            prop_assert_eq!(integer_cuts(&ranges), Some(cuts.clone()));
            prop_assert_eq!(gather(&cuts, &parts), Some(expected));
        }
    }

    #[test]
    fn ranges_that_begin_in_another_order_are_no_block_ranges() {
        assert_eq!(block_ranges(&ranges(&[1, 2]), &[7, 3]), None);
        assert_eq!(block_ranges(&ranges(&[1, 2]), &[7]), None);
    }

    #[test]
    fn nothing_is_known_while_a_block_range_is_missing() {
        assert_eq!(
            gather(
                &[1, 2],
                &[BlockRangeDigest::default(), BlockRangeDigest::default()]
            ),
            None
        );
    }
}
