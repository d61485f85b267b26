//! The timeline in steps of 100 ms.

use serde::{Deserialize, Serialize};

use super::pause::percentile;
use crate::load::{Kind, Outcome, Sample};

/// The length of a step, in milliseconds.
pub(super) const BUCKET_MS: u32 = 100;

/// A part of the run, drawn as a band.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Phase {
    /// The label.
    pub name: String,
    /// Start, in milliseconds since the start of the load.
    pub start_ms: f64,
    /// End, on the same clock.
    pub end_ms: f64,
    /// Whether writes are held during the band, which is then drawn darker.
    pub holds: bool,
}

/// One measurement of the replication lag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LagPoint {
    /// Time, in milliseconds since the start of the load.
    pub at_ms: f64,
    /// The delay of the other side, in milliseconds; absent if unknown, which draws a gap.
    pub lag_ms: Option<f64>,
}

/// The series of the run; element `n` of each list covers `[n, n + 1) * bucket_ms` since the start of the
/// load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// The length of a step, in milliseconds.
    pub bucket_ms: u32,
    /// Writes acknowledged in the step, by the time of the answer.
    pub acknowledged: Vec<u32>,
    /// Errors in the step, reads and writes, by the time of the answer.
    pub errors: Vec<u32>,
    /// Of the writes due in the step, the 95th percentile of their latency; absent where none was due.
    pub write_p95_ms: Vec<Option<f64>>,
    /// Of the writes due in the step, the slowest; absent where none was due.
    pub write_max_ms: Vec<Option<f64>>,
    /// The replication lag.
    pub lag: Vec<LagPoint>,
    /// The phases.
    pub phases: Vec<Phase>,
}

impl Timeline {
    /// Groups the samples by step.
    pub fn new(samples: &[Sample], lag: Vec<LagPoint>, phases: Vec<Phase>) -> Self {
        let bucket = |ms: f64| (ms / f64::from(BUCKET_MS)) as usize;
        let end = samples
            .iter()
            .map(|sample| bucket(sample.at_ms + sample.latency_ms) + 1)
            .max()
            .unwrap_or(0);
        let mut acknowledged = vec![0; end];
        let mut errors = vec![0; end];
        let mut latencies = vec![Vec::new(); end];
        for sample in samples {
            let answered = bucket(sample.at_ms + sample.latency_ms);
            if sample.kind == Kind::Write {
                acknowledged[answered] += u32::from(sample.outcome == Outcome::Done);
                latencies[bucket(sample.at_ms)].push(sample.latency_ms);
            }
            let failed = matches!(sample.outcome, Outcome::Error | Outcome::Stale);
            errors[answered] += u32::from(failed && sample.kind != Kind::Stray);
        }
        let rounded = |ms: f64| (ms * 100.0).round() / 100.0;
        let at = |percent: f64| {
            latencies
                .iter()
                .map(|bucket| percentile(bucket.clone(), percent).map(rounded))
                .collect()
        };
        Self {
            bucket_ms: BUCKET_MS,
            acknowledged,
            errors,
            write_p95_ms: at(95.0),
            write_max_ms: at(100.0),
            lag,
            phases,
        }
    }

    /// Length of the timeline, in milliseconds: load, lag and phases.
    pub fn end_ms(&self) -> f64 {
        let load = (self.acknowledged.len() as f64) * f64::from(self.bucket_ms);
        let lag = self.lag.iter().map(|point| point.at_ms);
        let phases = self.phases.iter().map(|phase| phase.end_ms);
        lag.chain(phases).fold(load, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_count_where_they_were_answered_and_wait_where_they_were_due() {
        let write = |at_ms, latency_ms, outcome| Sample {
            at_ms,
            latency_ms,
            kind: Kind::Write,
            outcome,
            held_ms: None,
            side: None,
        };
        let samples = [
            write(10.0, 5.0, Outcome::Done),
            write(20.0, 230.0, Outcome::Done),
            write(110.0, 140.0, Outcome::Error),
            Sample {
                kind: Kind::Read,
                ..write(10.0, 3.0, Outcome::Stale)
            },
            Sample {
                kind: Kind::Stray,
                ..write(10.0, 3.0, Outcome::Refused)
            },
        ];
        let timeline = Timeline::new(&samples, vec![], vec![]);
        assert_eq!(timeline.acknowledged, [1, 0, 1]);
        assert_eq!(timeline.errors, [1, 0, 1]);
        assert_eq!(timeline.write_max_ms, [Some(230.0), Some(140.0), None]);
        assert_eq!((timeline.bucket_ms, timeline.end_ms()), (100, 300.0));
    }
}
