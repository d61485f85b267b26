//! Which buckets are read next until every row that differs is found.
//!
//! The buckets that differ are counted again in finer buckets, until about one row is left in each, and the rows of
//! these are fetched. Each step reads the table once, and each divides what is left by a factor of at least
//! [`FINER`], so their number grows with the logarithm of the number of rows at most.

use crossover_core::rows::{BucketSet, RowDigest};

use super::chunk::Digests;

/// Number of rows fetched from each side at once.
const ROWS_AT_ONCE: u64 = 20_000;
/// The least factor by which buckets become finer.
const FINER: u32 = 4;
/// Buckets that are counted at once, for at least as many rows as may be found: 32 bytes each for both sides, and 48 for
/// each that a statement under way returns.
const CELLS: u32 = 1 << 17;
/// The last number of buckets that has twice as many in a number of the servers (`int4`).
const FINEST: u32 = 1 << 30;
/// Where so many of a hundred buckets differ, their rows may differ almost all: this is tried first.
const CROWDED: usize = 95;
/// Where one in so many of the fetched rows differs, fetching the others costs less than finer buckets.
const DENSE: u64 = 8;

/// A bucket that differs, and the rows that the larger side has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspect {
    pub bucket: u32,
    pub rows: u64,
}

/// The buckets that differ.
pub(super) fn suspects(ours: &Digests, theirs: &Digests) -> Vec<Suspect> {
    let rows = |digests: &Digests, bucket: &u32| digests.get(bucket).map_or(0, |digest| digest.rows);
    let mut all: Vec<u32> = ours.keys().chain(theirs.keys()).copied().collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|bucket| ours.get(bucket) != theirs.get(bucket));
    all.into_iter()
        .map(|bucket| Suspect {
            bucket,
            rows: rows(ours, &bucket).max(rows(theirs, &bucket)),
        })
        .collect()
}

/// What is read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The rows of these buckets are fetched.
    Rows(BucketSet),
    /// These are counted again, in so many buckets.
    Finer(BucketSet, u32),
}

/// The search of one table or range.
#[derive(Debug)]
pub(super) struct Search {
    /// The number of buckets that the suspects are some of.
    buckets: u32,
    suspects: Vec<Suspect>,
    /// Keys identify rows. Without a key equal rows are in one bucket, which no finer ones divide, and are fetched as one.
    has_key: bool,
    /// Rows that a bucket has where keys are spread evenly.
    rows_each: u64,
    crowded: bool,
    dense: bool,
    /// Further rows differ that were not looked for.
    left_out: bool,
}

impl Search {
    pub(super) fn new(buckets: u32, suspects: Vec<Suspect>, has_key: bool) -> Self {
        let mut search = Self {
            buckets,
            crowded: suspects.len() * 100 >= buckets as usize * CROWDED,
            suspects,
            has_key,
            rows_each: 0,
            dense: false,
            left_out: false,
        };
        search.rows_each = search.rows() / search.suspects.len().max(1) as u64;
        search
    }

    /// The next step, if at most `left` more rows may be found. Every bucket that differs has a row that does, so more
    /// buckets than that need not be looked into.
    pub(super) fn next(&mut self, left: usize) -> Option<Step> {
        if self.suspects.len() > left {
            self.suspects.truncate(left);
            self.left_out = true;
        }
        if self.suspects.is_empty() {
            return None;
        }
        if self.rows() <= ROWS_AT_ONCE || self.is_fine() || self.dense || self.crowded {
            self.crowded = false;
            return Some(Step::Rows(self.batch()));
        }
        let wanted = self.suspects.iter().map(|suspect| suspect.bucket).collect();
        Some(Step::Finer(BucketSet::new(self.buckets, wanted), self.finer()))
    }

    /// The fetched rows, and how many of them differ.
    pub(super) fn fetched(&mut self, rows: u64, different: u64) {
        self.dense = different * DENSE >= rows;
    }

    /// The buckets that differ among the finer ones.
    pub(super) fn counted(&mut self, cells: &Cells) {
        self.rows_each /= u64::from(cells.buckets / self.buckets);
        self.buckets = cells.buckets;
        self.suspects = cells.suspects();
    }

    /// Whether further rows differ that were not looked for.
    pub(super) const fn left_out(&self) -> bool {
        self.left_out
    }

    fn rows(&self) -> u64 {
        self.suspects.iter().map(|suspect| suspect.rows).sum()
    }

    /// Whether finer buckets would hardly have fewer rows.
    fn is_fine(&self) -> bool {
        self.buckets >= FINEST || self.rows_each <= 1 || self.rows() <= 2 * self.suspects.len() as u64
    }

    /// As many buckets as have one row each, if memory allows.
    fn finer(&self) -> u32 {
        let cells = CELLS.max((self.suspects.len() as u32).next_power_of_two() * FINER);
        let most = (cells / self.suspects.len().max(1) as u32).max(FINER);
        let times = u32::try_from(self.rows_each)
            .unwrap_or(u32::MAX)
            .clamp(FINER, most);
        // Rounded down to a power of two.
        let times = 1 << times.ilog2();
        self.buckets.saturating_mul(times).min(FINEST * 2)
    }

    /// The first of the buckets, as many as are fetched at once.
    fn batch(&mut self) -> BucketSet {
        let equal_rows_are_one = !self.has_key && self.is_fine();
        let (mut rows, mut count) = (0, 0);
        while count < self.suspects.len() && (count == 0 || rows < ROWS_AT_ONCE) {
            let of_bucket = self.suspects[count].rows;
            rows += if equal_rows_are_one {
                of_bucket.min(2)
            } else {
                of_bucket
            };
            count += 1;
        }
        let wanted = self.suspects.drain(..count).map(|suspect| suspect.bucket);
        BucketSet::new(self.buckets, wanted.collect())
    }
}

/// The finer buckets of some, with the difference between the sides.
#[derive(Debug)]
pub(super) struct Cells {
    within: BucketSet,
    buckets: u32,
    differences: Vec<Cell>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    source: u64,
    target: u64,
    /// The source's sum less that of the target.
    sum: i128,
}

impl Cells {
    pub(super) fn new(within: BucketSet, buckets: u32) -> Self {
        let each = (buckets / within.buckets()) as usize;
        Self {
            differences: vec![Cell::default(); within.wanted().len() * each],
            within,
            buckets,
        }
    }

    /// Adds a part of a side. Buckets of others are left out.
    pub(super) fn add(&mut self, is_source: bool, digests: &[(u32, RowDigest)]) {
        let each = (self.buckets / self.within.buckets()) as usize;
        for (bucket, digest) in digests {
            let Some(place) = self.within.place(*bucket) else {
                continue;
            };
            let cell = &mut self.differences[place * each + (bucket / self.within.buckets()) as usize];
            if is_source {
                cell.source += digest.rows;
                cell.sum = cell.sum.wrapping_add(digest.sum);
            } else {
                cell.target += digest.rows;
                cell.sum = cell.sum.wrapping_sub(digest.sum);
            }
        }
    }

    fn suspects(&self) -> Vec<Suspect> {
        let each = self.buckets / self.within.buckets();
        let numbers = self.within.wanted().iter();
        let numbers =
            numbers.flat_map(|bucket| (0..each).map(move |part| bucket + part * self.within.buckets()));
        numbers
            .zip(&self.differences)
            .filter(|(_, cell)| cell.source != cell.target || cell.sum != 0)
            .map(|(bucket, cell)| Suspect {
                bucket,
                rows: cell.source.max(cell.target),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// A table of rows by the hashes of their keys. Every `apart`-th row differs.
    struct Table {
        rows: Vec<u64>,
        apart: usize,
    }

    /// Mixes a number (splitmix64).
    fn mixed(number: u64) -> u64 {
        let mut x = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    impl Table {
        fn new(rows: u64, apart: usize) -> Self {
            Self {
                rows: (0..rows).map(mixed).collect(),
                apart,
            }
        }

        /// Runs the search: the found rows, the steps, whether some were left out.
        fn search(&self, buckets: u32, limit: usize) -> (BTreeSet<u64>, Vec<&'static str>, bool) {
            let digests = |side: u64| {
                let mut digests = Digests::new();
                for (place, row) in self.rows.iter().enumerate() {
                    let digest = digests.entry((row & u64::from(buckets - 1)) as u32).or_default();
                    *digest = digest.plus(self.digest(side, place, *row));
                }
                digests
            };
            let mut search = Search::new(buckets, suspects(&digests(0), &digests(1)), true);
            let (mut found, mut steps) = (BTreeSet::new(), Vec::new());
            while let Some(step) = search.next(limit - found.len()) {
                match step {
                    Step::Rows(set) => {
                        steps.push("rows");
                        let held = self.held(&set);
                        let rows = held.len() as u64;
                        let different = held.into_iter().filter(|(place, _)| place % self.apart == 0);
                        let before = found.len();
                        let room = limit - before;
                        found.extend(different.map(|(_, row)| row).take(room));
                        search.fetched(rows, (found.len() - before) as u64);
                    }
                    Step::Finer(set, finer) => {
                        steps.push("finer");
                        let mut cells = Cells::new(set.clone(), finer);
                        for side in [0, 1] {
                            for (place, row) in self.held(&set) {
                                let bucket = (row & u64::from(finer - 1)) as u32;
                                cells.add(side == 0, &[(bucket, self.digest(side, place, row))]);
                            }
                        }
                        assert!(cells.differences.len() <= 4 * limit.max(CELLS as usize));
                        search.counted(&cells);
                    }
                }
                assert!(steps.len() < 100, "{steps:?}");
            }
            (found, steps, search.left_out())
        }

        fn held(&self, set: &BucketSet) -> Vec<(usize, u64)> {
            let rows = self.rows.iter().copied().enumerate();
            let mask = u64::from(set.buckets() - 1);
            rows.filter(|(_, row)| set.place((row & mask) as u32).is_some())
                .collect()
        }

        fn digest(&self, side: u64, place: usize, row: u64) -> RowDigest {
            let changed = place.is_multiple_of(self.apart) && side == 1;
            RowDigest {
                rows: 1,
                sum: i128::from(mixed(row) as i64) + i128::from(changed),
            }
        }

        fn different(&self) -> BTreeSet<u64> {
            self.rows.iter().copied().step_by(self.apart).collect()
        }
    }

    #[test]
    fn a_few_steps_find_every_row_in_large_tables_too() {
        // One in a thousand, with as many buckets as such tables have.
        let steps: Vec<usize> = [(30_000, 256), (100_000, 256), (900_000, 512)]
            .into_iter()
            .map(|(rows, buckets)| {
                let table = Table::new(rows, 1_000);
                let (found, steps, left_out) = table.search(buckets, 50_000);
                assert!(found == table.different() && !left_out, "{rows}");
                steps.len()
            })
            .collect();
        assert!(steps.iter().all(|steps| *steps <= 4), "{steps:?}");
    }

    #[test]
    fn more_rows_than_may_be_found_take_a_few_steps_too() {
        // One in twenty and one in two.
        for (apart, most) in [(20, 15), (2, 6)] {
            let table = Table::new(600_000, apart);
            let (found, steps, left_out) = table.search(512, 15_000);
            assert!(left_out && found.is_subset(&table.different()));
            assert!(found.len() > 13_500, "{}", found.len());
            assert!(steps.len() <= most, "{steps:?}");
        }
    }

    #[test]
    fn equal_rows_without_a_key_are_fetched_as_one() {
        let suspect = |bucket, rows| Suspect { bucket, rows };
        let mut search = Search::new(256, vec![suspect(3, 900_000), suspect(9, 700_000)], false);
        let mut steps = 0;
        loop {
            match search.next(1_000).unwrap() {
                Step::Finer(set, finer) => {
                    let mut cells = Cells::new(set.clone(), finer);
                    for (bucket, rows) in set.wanted().iter().zip([900_000, 700_000]) {
                        cells.add(true, &[(*bucket, RowDigest { rows, sum: 7 })]);
                    }
                    search.counted(&cells);
                }
                Step::Rows(set) => {
                    assert_eq!(set.wanted().len(), 2);
                    break;
                }
            }
            steps += 1;
            assert!(steps < 5);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_row_is_missed_and_none_is_invented(
            rows in 1u64..40_000, apart in 1usize..3_000, bits in 0u32..12,
        ) {
            let table = Table::new(rows, apart);
            let (found, _, left_out) = table.search(1 << bits, 1 << 20);
            prop_assert!(!left_out);
            prop_assert_eq!(found, table.different());
        }
    }
}
