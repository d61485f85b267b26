//! The timeline in steps of 100 ms.

use crossover_core::{FractionalMillis, Millis};
use serde::{Deserialize, Serialize};

use crate::load::{Kind, Outcome, Sample};
use crate::percentile::percentile;

/// The length of a step.
const BUCKET: Millis = Millis(100);

/// A part of the run, drawn as a band.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Phase {
    /// The label.
    pub name: String,
    /// Start, since the start of the load.
    pub start_ms: FractionalMillis,
    /// End, on the same clock.
    pub end_ms: FractionalMillis,
    /// Whether writes are held during the band, which is then drawn darker.
    pub holds: bool,
}

/// One measurement of the replication lag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LagPoint {
    /// Time since the start of the load.
    pub at_ms: FractionalMillis,
    /// The delay of the other side; absent if unknown, which draws a gap.
    pub lag_ms: Option<FractionalMillis>,
}

/// The series of the run; element `n` of each list covers `[n, n + 1) * bucket_ms` since the start of the
/// load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// The length of a step.
    pub bucket_ms: Millis,
    /// Writes acknowledged in the step, by the time of the answer.
    pub acknowledged: Vec<u32>,
    /// Errors in the step, reads and writes, by the time of the answer.
    pub errors: Vec<u32>,
    /// Of the writes due in the step, the 95th percentile of their latency; absent where none was due.
    pub write_p95_ms: Vec<Option<FractionalMillis>>,
    /// Of the writes due in the step, the slowest; absent where none was due.
    pub write_max_ms: Vec<Option<FractionalMillis>>,
    /// The replication lag.
    pub lag: Vec<LagPoint>,
    /// The phases.
    pub phases: Vec<Phase>,
}

impl Timeline {
    /// Groups the samples by step.
    pub fn new(samples: &[Sample], lag: Vec<LagPoint>, phases: Vec<Phase>) -> Self {
        let bucket = |at: FractionalMillis| (at.0 / BUCKET.0 as f64) as usize;
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
            if matches!(sample.kind, Kind::Write | Kind::Calibration | Kind::Burst) {
                acknowledged[answered] += u32::from(sample.outcome == Outcome::Done);
            }
            if sample.kind == Kind::Write {
                latencies[bucket(sample.at_ms)].push(sample.latency_ms);
            }
            let failed = matches!(sample.outcome, Outcome::Error | Outcome::Stale);
            errors[answered] += u32::from(failed && sample.kind != Kind::Stray);
        }
        let rounded = |FractionalMillis(ms)| FractionalMillis((ms * 100.0).round() / 100.0);
        let at = |percent: f64| {
            latencies
                .iter()
                .map(|bucket| percentile(bucket.clone(), percent).map(rounded))
                .collect()
        };
        Self {
            bucket_ms: BUCKET,
            acknowledged,
            errors,
            write_p95_ms: at(95.0),
            write_max_ms: at(100.0),
            lag,
            phases,
        }
    }

    /// Length of the timeline: load, lag and phases.
    pub fn end(&self) -> FractionalMillis {
        let load = FractionalMillis::from(self.bucket_ms * self.acknowledged.len() as u64);
        let lag = self.lag.iter().map(|point| point.at_ms);
        let phases = self.phases.iter().map(|phase| phase.end_ms);
        lag.chain(phases).fold(load, FractionalMillis::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_count_where_they_were_answered_and_wait_where_they_were_due() {
        let write = |at_ms, latency_ms, outcome| Sample {
            at_ms: FractionalMillis(at_ms),
            latency_ms: FractionalMillis(latency_ms),
            kind: Kind::Write,
            outcome,
            held_ms: None,
            side: None,
            keyed: false,
        };
        let samples = [
            write(10.0, 5.0, Outcome::Done),
            write(20.0, 230.0, Outcome::Done),
            write(110.0, 140.0, Outcome::Error),
            Sample {
                kind: Kind::Calibration,
                ..write(120.0, 60.0, Outcome::Done)
            },
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
        assert_eq!(timeline.acknowledged, [1, 1, 1]);
        assert_eq!(timeline.errors, [1, 0, 1]);
        assert_eq!(
            timeline.write_max_ms,
            [Some(FractionalMillis(230.0)), Some(FractionalMillis(140.0)), None]
        );
        assert_eq!(
            (timeline.bucket_ms, timeline.end()),
            (Millis(100), FractionalMillis(300.0))
        );
    }
}
