//! The distribution over all runs of a series.

use crossover_core::FractionalMillis;
use serde::{Deserialize, Serialize};

use super::{Pause, RunRow};
use crate::percentile::percentile;
use crate::run::RunOutcome;

/// Values that occurred (nearest rank).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Distribution {
    /// The smallest.
    pub min: FractionalMillis,
    /// The median.
    pub median: FractionalMillis,
    /// The 95th percentile.
    pub p95: FractionalMillis,
    /// The largest.
    pub max: FractionalMillis,
}

impl Distribution {
    /// `None` without a value.
    pub fn of(values: &[FractionalMillis]) -> Option<Self> {
        let at = |percent| percentile(values.to_vec(), percent);
        Some(Self {
            min: at(0.0)?,
            median: at(50.0)?,
            p95: at(95.0)?,
            max: at(100.0)?,
        })
    }
}

/// All runs of a series together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Series {
    /// Number of cutovers that were asked for.
    pub repeat: u32,
    /// Whether the user ended the series before its end.
    pub interrupted: bool,
    /// Runs that committed.
    pub committed: usize,
    /// Runs that were aborted.
    pub aborted: usize,
    /// Runs that ended in any other way.
    pub failed: usize,
    /// Errors of clients in the whole rehearsal, outside the runs too.
    pub errors: u64,
    /// Of the runs that held writes: the 95th percentile of the added wait. Absent if no run did.
    pub added_p95_ms: Option<Distribution>,
    /// Of the same runs: the longest added wait.
    pub added_max_ms: Option<Distribution>,
}

impl Series {
    /// The distribution over `runs`.
    pub fn of(runs: &[RunRow], repeat: u32, errors: u64, interrupted: bool) -> Self {
        let ended = |outcome| runs.iter().filter(|run| run.outcome == outcome).count();
        let over = |value: fn(Pause) -> FractionalMillis| {
            let values: Vec<_> = runs.iter().filter_map(|run| run.pause_ms).map(value).collect();
            Distribution::of(&values)
        };
        Self {
            repeat,
            interrupted,
            committed: ended(RunOutcome::Committed),
            aborted: ended(RunOutcome::Aborted),
            failed: ended(RunOutcome::Failed),
            errors,
            added_p95_ms: over(|pause| pause.p95),
            added_max_ms: over(|pause| pause.max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(outcome: RunOutcome, pause: Option<(f64, f64)>) -> RunRow {
        RunRow {
            outcome,
            pause_ms: pause.map(|(p95, max)| Pause {
                p50: FractionalMillis(1.0),
                p95: FractionalMillis(p95),
                max: FractionalMillis(max),
            }),
            ..RunRow::default()
        }
    }

    #[test]
    fn the_distribution_is_over_the_runs_that_held_writes() {
        let mut runs: Vec<RunRow> = (1..=20)
            .map(|n| {
                run(
                    RunOutcome::Committed,
                    Some((f64::from(n) * 10.0, f64::from(n) * 20.0)),
                )
            })
            .collect();
        runs.push(run(RunOutcome::Aborted, None));
        runs.push(run(RunOutcome::Failed, None));
        let series = Series::of(&runs, 11, 4, false);
        assert_eq!(
            (series.committed, series.aborted, series.failed, series.errors),
            (20, 1, 1, 4)
        );
        let figures = |of: Option<Distribution>| of.map(|d| [d.min.0, d.median.0, d.p95.0, d.max.0]);
        assert_eq!(figures(series.added_p95_ms), Some([10.0, 100.0, 190.0, 200.0]));
        assert_eq!(figures(series.added_max_ms), Some([20.0, 200.0, 380.0, 400.0]));
    }

    #[test]
    fn a_series_that_held_nothing_has_no_distribution() {
        let series = Series::of(&[run(RunOutcome::Aborted, None)], 2, 0, true);
        assert_eq!((series.added_p95_ms, series.added_max_ms), (None, None));
    }
}
