//! Divides a key into ranges of about the same number of rows.

/// Bounds of a key's first column as texts: from (included) to (not included). `None` is an open end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bounds {
    pub from: Option<String>,
    pub to: Option<String>,
}

impl Bounds {
    /// Divides a range of an integer key into at most `most` pieces of about the same width. An open range
    /// stays whole.
    pub fn pieces(&self, most: u32) -> Vec<Self> {
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<i64>().ok());
        let (Some(from), Some(to)) = (number(&self.from), number(&self.to)) else {
            return vec![self.clone()];
        };
        let count = from.abs_diff(to).clamp(1, u64::from(most.max(1)));
        let cut = |piece| Some(cut(from, to, piece, count).to_string());
        (0..count)
            .map(|piece| Self {
                from: cut(piece),
                to: cut(piece + 1),
            })
            .collect()
    }
}

/// The first column of a key, from the statistics and the index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnStatistics {
    /// Correlation between the order of the key and the order on disk, from -1 to 1. `None` without
    /// statistics.
    pub correlation: Option<f32>,
    /// Values with about the same number of rows between them, sorted.
    pub histogram: Vec<String>,
    /// Smallest and largest value of an integer column.
    pub integers: Option<(i64, i64)>,
}

/// Divides a key with `rows` rows into ranges of about `rows_each` rows. The first and the last range are
/// open, so that every key belongs to exactly one range.
///
/// Integer keys are also divided between the values of the histogram; other types only at these values (often
/// no more than 100).
pub fn ranges(statistics: &ColumnStatistics, rows: u64, rows_each: u64) -> Vec<Bounds> {
    let wanted = (rows / rows_each.max(1)).max(1);
    let cuts = match statistics.integers {
        Some((least, most)) => integer_cuts(statistics, least, most, wanted),
        None => thinned(&statistics.histogram, wanted),
    };
    let mut ranges = Vec::with_capacity(cuts.len() + 1);
    let mut from = None;
    for cut in cuts {
        ranges.push(Bounds {
            from: from.replace(cut.clone()),
            to: Some(cut),
        });
    }
    ranges.push(Bounds { from, to: None });
    ranges
}

fn integer_cuts(statistics: &ColumnStatistics, least: i64, most: i64, wanted: u64) -> Vec<String> {
    let mut fixed: Vec<i64> = statistics
        .histogram
        .iter()
        .filter_map(|v| v.parse().ok())
        .collect();
    fixed.retain(|v| (least..=most).contains(v));
    // The statistics may not know the newest rows.
    fixed.extend([least, most]);
    fixed.sort_unstable();
    fixed.dedup();
    let pieces = (fixed.len() as u64 - 1).max(1);
    let each = wanted.div_ceil(pieces);
    // The range before the first cut is empty, but rows may arrive in it. The range after the cut has two
    // ends, so that it can be divided further.
    let mut cuts = vec![least];
    for pair in fixed.windows(2) {
        cuts.extend((1..=each).map(|part| cut(pair[0], pair[1], part, each)));
    }
    cuts.dedup();
    cuts.iter().map(i64::to_string).collect()
}

/// The end of part number `part` of `of` parts of the same width.
fn cut(from: i64, to: i64, part: u64, of: u64) -> i64 {
    let (start, width) = (i128::from(from), i128::from(to) - i128::from(from));
    let end = start + width * i128::from(part) / i128::from(of);
    // The value lies between two values of type i64.
    i64::try_from(end).unwrap_or(to)
}

fn thinned(values: &[String], wanted: u64) -> Vec<String> {
    let inner = values.get(1..values.len().saturating_sub(1)).unwrap_or_default();
    let step = (inner.len() as u64).div_ceil(wanted).max(1) as usize;
    let mut cuts: Vec<String> = inner.iter().step_by(step).cloned().collect();
    cuts.dedup();
    cuts
}

#[cfg(test)]
impl Bounds {
    /// Whether an integer key lies within the bounds. With a bound that is not a number, no key does.
    pub(super) fn hold(&self, key: i64) -> bool {
        let meets = |bound: &Option<String>, holds: &dyn Fn(i64) -> bool| {
            bound.as_ref().is_none_or(|text| text.parse().is_ok_and(holds))
        };
        meets(&self.from, &|from| key >= from) && meets(&self.to, &|to| key < to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_integer_belongs_to_exactly_one_range(
            mut histogram in proptest::collection::vec(any::<i64>(), 0..20),
            a in any::<i64>(), b in any::<i64>(), rows in 0u64..5_000_000, probe in any::<i64>(),
        ) {
            histogram.sort_unstable();
            let statistics = ColumnStatistics {
                histogram: histogram.iter().map(i64::to_string).collect(),
                integers: Some((a.min(b), a.max(b))),
                ..ColumnStatistics::default()
            };
            let ranges = ranges(&statistics, rows, 50_000);
            prop_assert_eq!(ranges.iter().filter(|range| range.hold(probe)).count(), 1);
        }
    }

    proptest! {
        #[test]
        fn pieces_follow_each_other_from_end_to_end(from in any::<i64>(), to in any::<i64>(), most in 0u32..50) {
            let range = Bounds { from: Some(from.min(to).to_string()), to: Some(from.max(to).to_string()) };
            let pieces = range.pieces(most);
            prop_assert!(pieces.len() <= most.max(1) as usize);
            prop_assert_eq!((&pieces[0].from, &pieces[pieces.len() - 1].to), (&range.from, &range.to));
            prop_assert!(pieces.windows(2).all(|pair| pair[0].to == pair[1].from));
        }
    }

    #[test]
    fn an_open_range_is_its_only_piece() {
        let open = Bounds {
            from: None,
            to: Some("9".into()),
        };
        assert_eq!(open.pieces(4), std::slice::from_ref(&open));
    }

    #[test]
    fn an_even_key_is_cut_evenly() {
        let statistics = ColumnStatistics {
            integers: Some((1, 1_000)),
            ..ColumnStatistics::default()
        };
        let ranges = ranges(&statistics, 1_000, 250);
        let cuts: Vec<_> = ranges.iter().filter_map(|r| r.from.as_deref()).collect();
        assert_eq!(cuts, ["1", "250", "500", "750", "1000"]);
        assert_eq!((ranges[0].from.as_ref(), ranges[5].to.as_ref()), (None, None));
    }

    #[test]
    fn other_types_are_cut_at_the_histogram() {
        let statistics = ColumnStatistics {
            histogram: (b'a'..=b'k').map(|c| char::from(c).to_string()).collect(),
            ..ColumnStatistics::default()
        };
        let ranges = ranges(&statistics, 1_000, 300);
        let cuts: Vec<_> = ranges.iter().filter_map(|r| r.from.as_deref()).collect();
        assert_eq!(cuts, ["b", "e", "h"]);
        assert_eq!(super::ranges(&ColumnStatistics::default(), 1_000, 300).len(), 1);
    }
}
