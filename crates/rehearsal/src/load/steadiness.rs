//! Whether the latency of writes has come to rest, as a condition for the next run.

use std::time::Duration;

use crossover_core::FractionalMillis;

use crate::percentile::percentile;

/// The fewest writes of a window.
const FEWEST: usize = 100;
/// At a low rate a window has fewer writes, so that two of them fit into [`LIMIT`].
const LONGEST_WINDOW_S: usize = 20;
/// How far the percentiles of two windows may be apart: by this factor, or by so little that it is noise.
const FACTOR: f64 = 1.25;
const NOISE: FractionalMillis = FractionalMillis(3.0);
/// After this time the rehearsal goes on in any case, and says so.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Writes of a window: one second of them, [`FEWEST`] at least.
pub(super) fn window(writes_per_s: u32) -> usize {
    let per_s = writes_per_s as usize;
    per_s.max(FEWEST).min(per_s * LONGEST_WINDOW_S).max(1)
}

/// Whether the 95th percentiles of the last two windows are about the same. `latencies` are in the order of
/// their answers.
pub(super) fn is_steady(latencies: &[FractionalMillis], window: usize) -> bool {
    let Some(from) = latencies.len().checked_sub(2 * window) else {
        return false;
    };
    let (before, last) = latencies[from..].split_at(window);
    let p95 = |values: &[FractionalMillis]| percentile(values.to_vec(), 95.0).unwrap_or_default();
    let (before, last) = (p95(before), p95(last));
    let (low, high) = if before < last {
        (before, last)
    } else {
        (last, before)
    };
    high - low <= NOISE || high.0 <= low.0 * FACTOR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(parts: &[(usize, f64)]) -> Vec<FractionalMillis> {
        let part = |&(count, ms): &(usize, f64)| vec![FractionalMillis(ms); count];
        parts.iter().flat_map(part).collect()
    }

    #[test]
    fn two_windows_that_agree_are_steady_whatever_came_before() {
        assert!(is_steady(&writes(&[(50, 900.0), (100, 40.0), (100, 49.0)]), 100));
        assert!(!is_steady(&writes(&[(100, 40.0), (100, 51.0)]), 100));
        assert!(!is_steady(&writes(&[(100, 51.0), (100, 40.0)]), 100));
    }

    #[test]
    fn a_few_slow_writes_are_not_steady_but_one_is_no_reason_to_wait() {
        assert!(!is_steady(&writes(&[(100, 5.0), (94, 5.0), (6, 80.0)]), 100));
        assert!(is_steady(&writes(&[(100, 5.0), (99, 5.0), (1, 80.0)]), 100));
    }

    #[test]
    fn fast_writes_may_differ_by_noise() {
        assert!(is_steady(&writes(&[(100, 2.0), (100, 4.0)]), 100));
        assert!(!is_steady(&writes(&[(100, 2.0), (100, 6.0)]), 100));
    }

    #[test]
    fn without_two_full_windows_nothing_is_known() {
        assert!(!is_steady(&writes(&[(199, 5.0)]), 100));
        assert!(!is_steady(&[], 100));
    }

    #[test]
    fn two_windows_fit_into_the_limit_at_every_rate() {
        for per_s in [1, 2, 5, 50, 220, 5_000] {
            assert!(
                2 * window(per_s) as u64 <= u64::from(per_s) * LIMIT.as_secs(),
                "{per_s}"
            );
        }
        assert_eq!((window(220), window(50), window(1)), (220, 100, 20));
    }
}
