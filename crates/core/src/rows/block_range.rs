//! Ranges of a key, read by the disk blocks that hold most of their rows.
//!
//! A server reads in disk order at a lower cost than through an index. A row may lie outside the blocks of
//! its range (a short row fills an earlier gap, a changed row moves), so each block range lists its rows of
//! other ranges, and these rows are added to their own range. The disk order affects only the cost, not the
//! result.

use super::{Bounds, RowDigest};

/// The blocks of one range of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRange {
    pub keys: Bounds,
    /// From (included) to (not included).
    pub blocks: (u32, u32),
}

/// The result of reading a block range.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockRangeDigest {
    /// All rows of the blocks.
    pub all: RowDigest,
    /// The rows that belong to other ranges: key and hash.
    pub out_of_range_rows: Vec<(i64, i64)>,
}

/// The keys between consecutive ranges; `None` where one is not an integer.
pub fn integer_cuts(ranges: &[Bounds]) -> Option<Vec<i64>> {
    let cuts = ranges.iter().skip(1);
    cuts.map(|range| range.from.as_ref()?.parse().ok()).collect()
}

/// Divides the blocks where the ranges begin: `begins[n]` is the block of the first row that is not below the
/// n-th cut. Every block belongs to exactly one block range. `None` where `begins` is not in ascending order.
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

/// The digest of every range between the cuts, from the results of all block ranges in their order. `None`
/// where the result of a block range is missing.
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
    fn ranges_whose_blocks_do_not_ascend_have_no_block_ranges() {
        assert_eq!(block_ranges(&ranges(&[1, 2]), &[7, 3]), None);
        assert_eq!(block_ranges(&ranges(&[1, 2]), &[7]), None);
    }

    #[test]
    fn without_the_result_of_every_block_range_there_is_no_digest() {
        assert_eq!(
            gather(
                &[1, 2],
                &[BlockRangeDigest::default(), BlockRangeDigest::default()]
            ),
            None
        );
    }
}
