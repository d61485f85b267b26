//! The order in which the ranges of a table are compared.

use crossover_core::rows::Bounds;

/// Number of narrow ranges in a chunk before the first difference.
pub(super) const NARROW: u64 = 4;

/// Returns groups of adjacent ranges, each as one range.
///
/// Groups are long at first, because each one costs a statement. After the first difference more are likely,
/// and a short group that differs is examined sooner.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    rest: &'a [Bounds],
    /// Number of ranges in a long group.
    long: usize,
}

impl<'a> Walk<'a> {
    /// A walk through ranges of `rows` rows, with about `chunk_rows` rows in a long group.
    pub(super) fn new(ranges: &'a [Bounds], rows: u64, chunk_rows: u64) -> Self {
        let each = (rows / ranges.len().max(1) as u64).max(1);
        let long = (chunk_rows / each).max(1);
        Self {
            rest: ranges,
            long: usize::try_from(long).unwrap_or(usize::MAX),
        }
    }

    /// The next group; a single range after the first difference.
    pub(super) fn next(&mut self, differs: bool) -> Option<Bounds> {
        let length = if differs { 1 } else { self.long };
        let (run, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        Some(Bounds {
            from: run.first()?.from.clone(),
            to: run.last()?.to.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ranges 0 to 1, 1 to 2 and so on, open at both ends.
    fn ranges(count: usize) -> Vec<Bounds> {
        let text = |cut: usize| (cut > 0 && cut < count).then(|| cut.to_string());
        (0..count)
            .map(|at| Bounds {
                from: text(at),
                to: text(at + 1),
            })
            .collect()
    }

    fn ends(mut walk: Walk<'_>, differs: &[bool]) -> Vec<String> {
        let mut differs = differs.iter().copied().chain(std::iter::repeat(true));
        let runs = std::iter::from_fn(|| walk.next(differs.next()?));
        runs.map(|run| run.to.unwrap_or_default()).collect()
    }

    proptest! {
        #[test]
        fn the_runs_cover_all_ranges_wherever_a_difference_appears(
            count in 1usize..50, rows in any::<u64>(), chunk_rows in any::<u64>(),
            differs in proptest::collection::vec(any::<bool>(), 50),
        ) {
            let ranges = ranges(count);
            let mut walk = Walk::new(&ranges, rows, chunk_rows);
            let runs: Vec<Bounds> = differs.into_iter().map_while(|differs| walk.next(differs)).collect();
            prop_assert!(runs[0].from.is_none() && runs[runs.len() - 1].to.is_none());
            prop_assert!(runs.windows(2).all(|pair| pair[0].to.is_some() && pair[0].to == pair[1].from));
        }
    }

    #[test]
    fn runs_are_long_until_something_differs() {
        let ranges = ranges(10);
        let walk = || Walk::new(&ranges, 1_000, 400);
        assert_eq!(ends(walk(), &[false; 3]), ["4", "8", ""]);
        assert_eq!(ends(walk(), &[false, true, false]), ["4", "5", "9", ""]);
    }

    #[test]
    fn ranges_that_cannot_be_narrow_are_compared_one_by_one() {
        assert_eq!(
            ends(Walk::new(&ranges(2), 1_000_000, 1_000), &[false; 2]),
            ["1", ""]
        );
    }
}
