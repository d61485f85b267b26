//! Figures computed from runs.

use serde_json::{Value, json};

use crate::bench::{comparison::Entry, outcome::Outcome, run::Run};

/// Median, minimum and maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// The median of an even number of values is the mean of the middle two. None if there are no values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { median, min, max })
    }

    pub fn json(self) -> Value {
        json!({ "median": self.median, "min": self.min, "max": self.max })
    }
}

/// A figure that may be a lower bound, because the run was ended at the time limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub value: f64,
    pub at_least: bool,
}

impl Figure {
    pub fn exactly(value: f64) -> Self {
        let at_least = false;
        Self { value, at_least }
    }

    pub fn at_least(value: f64) -> Self {
        let at_least = true;
        Self { value, at_least }
    }
}

impl Entry {
    /// Time from start to end.
    pub fn elapsed(&self) -> Option<Spread> {
        Spread::of(self.runs.iter().map(|run| run.elapsed_s))
    }

    /// The time used in ratios: none if a run gave no answer.
    pub fn time(&self) -> Option<Figure> {
        if self
            .runs
            .iter()
            .any(|run| matches!(run.outcome, Outcome::Failed(_)))
        {
            return None;
        }
        let median = self.elapsed()?.median;
        let is_cut_off = self.runs.iter().any(|run| run.outcome == Outcome::OverLimit);
        Some(if is_cut_off {
            Figure::at_least(median)
        } else {
            Figure::exactly(median)
        })
    }

    pub fn server_cpu(&self) -> Option<f64> {
        self.median(|run| run.server_cpu_s)
    }

    /// The maximum of all runs, because a memory limit applies to each run.
    pub fn client_rss(&self) -> Option<f64> {
        let most = Spread::of(self.runs.iter().filter_map(|run| Some(run.client?.rss_mb)));
        most.map(|spread| spread.max)
    }

    pub fn client_cpu(&self) -> Option<f64> {
        self.median(|run| Some(run.client?.cpu_s))
    }

    fn median(&self, of: impl Fn(&Run) -> Option<f64>) -> Option<f64> {
        Spread::of(self.runs.iter().filter_map(of)).map(|spread| spread.median)
    }

    /// The outcome of the last run, or of the first failed run.
    pub fn outcome(&self) -> Option<&Outcome> {
        let useless = |run: &&Run| matches!(run.outcome, Outcome::Failed(_) | Outcome::OverLimit);
        self.runs
            .iter()
            .find(useless)
            .or(self.runs.last())
            .map(|run| &run.outcome)
    }

    pub fn json(&self) -> Value {
        json!({
            "name": self.candidate.name(),
            "elapsed_s": self.elapsed().map(Spread::json),
            "elapsed_is_lower_bound": self.time().is_some_and(|time| time.at_least),
            "runs_s": self.runs.iter().map(|run| run.elapsed_s).collect::<Vec<_>>(),
            "server_cpu_s": self.server_cpu(),
            "client_cpu_s": self.client_cpu(),
            "client_rss_mb": self.client_rss(),
            "outcome": self.outcome().map(Outcome::describe),
        })
    }
}

/// The ratio of two figures. None if either is unknown, or if the divisor is a lower bound.
pub fn ratio(dividend: Option<Figure>, divisor: Option<Figure>) -> Option<Figure> {
    let (dividend, divisor) = (dividend?, divisor?);
    (!divisor.at_least && divisor.value > 0.0).then(|| Figure {
        value: dividend.value / divisor.value,
        at_least: dividend.at_least,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_middle_two() {
        let odd = Spread::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!(
            odd,
            Spread {
                median: 2.0,
                min: 1.0,
                max: 3.0
            }
        );
        assert_eq!(
            Spread::of([4.0, 1.0, 2.0, 3.0]).unwrap().median.to_bits(),
            2.5_f64.to_bits()
        );
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_ratio_of_a_lower_bound_is_one_and_by_a_lower_bound_is_none() {
        assert_eq!(
            ratio(Some(Figure::exactly(6.0)), Some(Figure::exactly(2.0))),
            Some(Figure::exactly(3.0))
        );
        assert_eq!(
            ratio(Some(Figure::at_least(6.0)), Some(Figure::exactly(2.0))),
            Some(Figure::at_least(3.0))
        );
        assert_eq!(
            ratio(Some(Figure::exactly(6.0)), Some(Figure::at_least(2.0))),
            None
        );
        assert_eq!(ratio(None, Some(Figure::exactly(2.0))), None);
        assert_eq!(
            ratio(Some(Figure::exactly(6.0)), Some(Figure::exactly(0.0))),
            None
        );
    }

    #[test]
    fn time_counts_only_if_every_run_gave_an_answer() {
        let entry = |outcomes: &[Outcome]| Entry {
            candidate: crate::bench::comparison::Candidate::Ours,
            runs: outcomes
                .iter()
                .map(|outcome| Run {
                    elapsed_s: 2.0,
                    server_cpu_s: None,
                    client: None,
                    outcome: outcome.clone(),
                })
                .collect(),
        };
        assert_eq!(
            entry(&[Outcome::Equal, Outcome::Equal]).time(),
            Some(Figure::exactly(2.0))
        );
        assert_eq!(entry(&[Outcome::OverLimit]).time(), Some(Figure::at_least(2.0)));
        assert_eq!(
            entry(&[Outcome::Equal, Outcome::Failed(String::new())]).time(),
            None
        );
        assert_eq!(entry(&[]).time(), None);
    }
}
