//! Division of a table into chunks.

use crossover_core::{
    catalogue::TableName,
    rows::{ColumnStatistics, Leaf, Region, TableShape, ranges},
};

use super::{Ranges, walk::NARROW};

/// Tables up to this many rows, and up to the bytes of a chunk, are read in one statement.
const SMALL: u64 = 100_000;
/// Target size of a chunk on disk: with large values a chunk of the wanted number of rows would take minutes.
const CHUNK_BYTES: u64 = 64 << 20;
/// Minimum correlation between the order on disk and the order of the key for reading ranges of the key
/// without random reads.
const ORDERLY: f32 = 0.9;
/// Larger tables are not read in one snapshot: while a snapshot is held, vacuum can remove no row version in
/// the whole database. The limit is half a minute at the rate in docs/verify.md.
const SNAPSHOT_ROWS: u64 = 50_000_000;
/// Target number of rows in a bucket: few enough to fetch all of them when the bucket differs.
pub(super) const BUCKET_ROWS: u64 = 2_048;
/// Leaves in one statement. Each takes a lock, as does each of its indexes, and a server has places for some thousands.
const LEAVES: usize = 64;
/// A statement over blocks reads this many rows for each bucket it may return.
const ROWS_PER_BUCKET: u64 = 16;

/// The method of reading a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Ranges of the key, each compared separately: the rows are stored in the order of their keys.
    Ranges(Ranges),
    /// Blocks in the order of the disk, summed in buckets of the key's hash; each side has its own parts.
    Buckets {
        buckets: u32,
        source: Vec<Region>,
        target: Vec<Region>,
    },
}

/// Chooses the method. `column_statistics` are those of the key's first column where its ranges mean the same
/// on both sides.
pub fn plan_layout(
    source: &TableShape,
    target: &TableShape,
    column_statistics: Option<(&ColumnStatistics, &ColumnStatistics)>,
    chunk_rows: u64,
) -> Layout {
    let rows = source.estimated_rows.max(target.estimated_rows);
    let bytes = source.bytes.max(target.bytes);
    let chunk_rows = chunk_rows.min(rows_within(rows, bytes));
    if rows <= SMALL && bytes <= CHUNK_BYTES {
        return Layout::Buckets {
            buckets: 256,
            source: vec![Region::Whole],
            target: vec![Region::Whole],
        };
    }
    if let Some((ours, theirs)) = column_statistics {
        let orderly =
            |statistics: &ColumnStatistics| statistics.correlation.is_some_and(|c| c.abs() >= ORDERLY);
        let bounds = ranges(ours, rows, chunk_rows / NARROW);
        if orderly(ours) && orderly(theirs) && bounds.len() > 1 {
            return Layout::Ranges(Ranges {
                bounds,
                rows,
                chunk_rows,
                by_disk: [(source, ours), (target, theirs)]
                    .map(|(shape, statistics)| has_block_ranges(shape, statistics)),
            });
        }
    }
    let buckets = power_of_two(rows / BUCKET_ROWS);
    let statement_rows = chunk_rows.max(u64::from(buckets) * ROWS_PER_BUCKET);
    let statement_rows = statement_rows.min(rows_within(rows, bytes));
    Layout::Buckets {
        buckets,
        source: parts(&source.leaves, rows, statement_rows),
        target: parts(&target.leaves, rows, statement_rows),
    }
}

/// The number of rows that take the size of a chunk, in a table of so many rows and bytes.
fn rows_within(rows: u64, bytes: u64) -> u64 {
    let chunks = bytes.div_ceil(CHUNK_BYTES).max(1);
    if chunks == 1 {
        u64::MAX
    } else {
        rows.div_ceil(chunks).max(1)
    }
}

/// Whether a side can be read by its blocks.
fn has_block_ranges(shape: &TableShape, statistics: &ColumnStatistics) -> bool {
    let is_one_relation =
        matches!(&shape.leaves[..], [leaf] if leaf.relation == shape.table && leaf.blocks.is_some());
    is_one_relation && shape.estimated_rows <= SNAPSHOT_ROWS && statistics.integers.is_some()
}

/// A number of buckets that keeps each bucket small, as far as memory allows.
pub fn power_of_two(wanted: u64) -> u32 {
    wanted.clamp(256, 65_536).next_power_of_two() as u32
}

/// Divides the leaf tables into parts of about equal numbers of rows.
fn parts(leaves: &[Leaf], rows: u64, statement_rows: u64) -> Vec<Region> {
    let total: u64 = leaves.iter().filter_map(|l| l.blocks).map(u64::from).sum();
    let pieces = (rows / statement_rows).max(1);
    let step = u32::try_from(total.div_ceil(pieces)).unwrap_or(u32::MAX).max(1);
    let mut parts = Vec::new();
    let mut together = Together::default();
    for leaf in leaves {
        if let Some(blocks) = leaf.blocks.filter(|blocks| *blocks <= step && leaves.len() > 1) {
            parts.extend(together.add(&leaf.relation, blocks, step));
            continue;
        }
        let relation = || leaf.relation.clone();
        let Some(blocks) = leaf.blocks else {
            parts.push(Region::Leaf {
                relation: relation(),
                blocks: None,
            });
            continue;
        };
        let mut from = 0;
        // The last part has no end: the table may grow before it is read.
        while blocks - from > step {
            parts.push(Region::Leaf {
                relation: relation(),
                blocks: Some((from, from + step)),
            });
            from += step;
        }
        parts.push(Region::Leaf {
            relation: relation(),
            blocks: Some((from, u32::MAX)),
        });
    }
    parts.extend(together.end());
    parts
}

/// Small leaves that one statement reads: a statement costs a leaf of few rows more than its rows do.
#[derive(Default)]
struct Together {
    relations: Vec<TableName>,
    blocks: u32,
}

impl Together {
    /// Adds a leaf; returns the leaves before it if there are enough.
    fn add(&mut self, leaf: &TableName, blocks: u32, step: u32) -> Option<Region> {
        let is_full = self.blocks.saturating_add(blocks) > step || self.relations.len() >= LEAVES;
        let full = if is_full { self.end() } else { None };
        self.relations.push(leaf.clone());
        self.blocks += blocks;
        full
    }

    fn end(&mut self) -> Option<Region> {
        self.blocks = 0;
        let mut relations = std::mem::take(&mut self.relations);
        match relations.len() {
            0 => None,
            1 => relations.pop().map(|relation| Region::Leaf {
                relation,
                blocks: None,
            }),
            _ => Some(Region::Leaves(relations)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: u64, blocks: &[Option<u32>]) -> TableShape {
        let name = |name: String| TableName {
            schema: "s".into(),
            name,
        };
        TableShape {
            table: name("t".into()),
            partitioned: blocks.len() > 1,
            rows_hidden: false,
            columns: Vec::new(),
            keys: Vec::new(),
            leaves: blocks
                .iter()
                .enumerate()
                .map(|(i, blocks)| Leaf {
                    relation: name(format!("t{i}")),
                    blocks: *blocks,
                    on_other_server: false,
                })
                .collect(),
            bytes: 0,
            estimated_rows: rows,
        }
    }

    fn statistics(correlation: f32) -> ColumnStatistics {
        ColumnStatistics {
            correlation: Some(correlation),
            integers: Some((1, 1_000_000)),
            ..ColumnStatistics::default()
        }
    }

    #[test]
    fn a_table_that_is_sorted_on_both_sides_is_cut_by_its_key() {
        let (one, two) = (table(1_000_000, &[Some(9)]), table(1_000_000, &[Some(9)]));
        let sorted = statistics(-0.99);
        let mixed = statistics(0.2);
        assert!(matches!(
            plan_layout(&one, &two, Some((&sorted, &sorted)), 65_536),
            Layout::Ranges(ranges) if ranges.bounds.len() >= 15
        ));
        for (a, b) in [(&sorted, &mixed), (&mixed, &sorted)] {
            let layout = plan_layout(&one, &two, Some((a, b)), 65_536);
            assert!(matches!(layout, Layout::Buckets { .. }), "{layout:?}");
        }
    }

    #[test]
    fn every_block_is_in_exactly_one_part() {
        let shape = table(10_000_000, &[Some(100_000), None, Some(0), Some(70_001)]);
        let parts = parts(&shape.leaves, 10_000_000, 65_536);
        for (leaf, blocks) in [("t0", 100_000u32), ("t3", 70_001)] {
            let mut ranges: Vec<(u32, u32)> = parts
                .iter()
                .filter_map(|p| match p {
                    Region::Leaf {
                        relation,
                        blocks: Some(range),
                    } if relation.name == leaf => Some(*range),
                    _ => None,
                })
                .collect();
            ranges.sort_unstable();
            assert_eq!(ranges[0].0, 0);
            assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
            assert!(ranges.last().unwrap().1 > blocks);
        }
        // Without known blocks, and with none when it was planned.
        for leaf in [1, 2] {
            let whole = Region::Leaf {
                relation: shape.leaves[leaf].relation.clone(),
                blocks: None,
            };
            assert!(parts.contains(&whole), "{leaf}");
        }
    }

    #[test]
    fn small_leaves_are_read_together_and_each_once() {
        let mut blocks = vec![Some(10); 500];
        blocks[7] = Some(9_000);
        blocks[9] = None;
        let shape = table(1_000_000, &blocks);
        let parts = parts(&shape.leaves, 1_000_000, 100_000);
        let mut read: Vec<&TableName> = parts
            .iter()
            .flat_map(|part| match part {
                Region::Leaf { relation, blocks } if blocks.is_none_or(|(from, _)| from == 0) => {
                    vec![relation]
                }
                Region::Leaves(relations) => {
                    assert!(relations.len() <= LEAVES);
                    relations.iter().collect()
                }
                _ => vec![],
            })
            .collect();
        read.sort();
        let mut all: Vec<&TableName> = shape.leaves.iter().map(|leaf| &leaf.relation).collect();
        all.sort();
        assert_eq!(read, all);
        assert!(parts.len() < 30, "{}", parts.len());
    }

    #[test]
    fn a_table_of_few_large_rows_is_cut_by_its_bytes() {
        let large = |rows, blocks| TableShape {
            bytes: 1_500 << 20,
            ..table(rows, &[Some(blocks)])
        };
        let Layout::Buckets { source, .. } =
            plan_layout(&large(1_500, 100), &table(1_500, &[Some(9)]), None, 1_000)
        else {
            panic!("no statistics");
        };
        assert_eq!(source.len(), 20, "100 blocks, 64 MB each if possible");
        let statistics = statistics(1.0);
        let layout = plan_layout(
            &large(1_500, 100),
            &large(1_500, 100),
            Some((&statistics, &statistics)),
            1_000,
        );
        let Layout::Ranges(ranges) = layout else {
            panic!("{layout:?}");
        };
        assert!(ranges.bounds.len() >= 24, "{}", ranges.bounds.len());
    }

    #[test]
    fn a_small_table_is_read_at_once() {
        let small = table(500, &[Some(4)]);
        let layout = plan_layout(&small, &small, Some((&statistics(1.0), &statistics(1.0))), 100);
        assert!(matches!(layout, Layout::Buckets { source, .. } if source == [Region::Whole]));
    }
}
