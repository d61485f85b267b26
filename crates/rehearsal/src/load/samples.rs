//! Observations of the load: one sample for each operation, and the counts.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossover_core::{FractionalMillis, UnixMillis, routing::Side};
use serde::{Deserialize, Serialize};

use super::{Calibration, Rates};

const SECOND: Duration = Duration::from_secs(1);
/// Maximum number of error texts kept as examples.
const EXAMPLES: usize = 20;

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A write through the edge.
    Write,
    /// A read through the edge.
    Read,
    /// A write through the edge that measures what the machine carries: acknowledged and recorded as every
    /// write, but its latency says nothing about the load.
    Calibration,
    /// A write through the edge with which the application waits, sent shortly before a hold; acknowledged and
    /// recorded as every write.
    Burst,
    /// A write straight to the source API.
    Stray,
}

/// The outcome of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A write that was acknowledged and whose token was synced, or a read that was answered.
    Done,
    /// A wrong answer, or none.
    Error,
    /// A read that did not return a write acknowledged before the read was sent.
    Stale,
    /// A refused stray write, as expected after the source is locked; or a write that the edge has refused because the cutover
    /// does not hold it.
    Refused,
    /// A stray write with an unknown outcome.
    Unknown,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When it was due, since the start of the load.
    pub at_ms: FractionalMillis,
    /// Time from then to the answer.
    pub latency_ms: FractionalMillis,
    /// What it was.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
    /// How long the edge held the operation, by its header; absent if it was not held.
    pub held_ms: Option<FractionalMillis>,
    /// The side that answered, if the answer contains it.
    pub side: Option<Side>,
    /// A write with the header [`super::IDEMPOTENCY_KEY`].
    pub keyed: bool,
}

impl Sample {
    /// Whether a client of the edge got a wrong answer, or none.
    pub fn is_client_error(&self) -> bool {
        self.kind != Kind::Stray && !matches!(self.outcome, Outcome::Done | Outcome::Stale | Outcome::Refused)
    }
}

/// Writes through the edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteCounts {
    /// Sent and answered, or timed out.
    pub total: u64,
    /// Acknowledged and recorded.
    pub acknowledged: u64,
    /// Answered with another status than 201, or not at all.
    pub errors: u64,
    /// Held by the edge for a while.
    pub held: u64,
    /// Refused by the edge because the cutover does not hold them: certainly not executed.
    pub refused: u64,
}

/// Reads through the edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadCounts {
    /// Sent and answered, or timed out.
    pub total: u64,
    /// Answered with another status than 200, or not at all; stale reads are not included.
    pub errors: u64,
    /// Did not return a write that had been acknowledged before.
    pub stale: u64,
}

/// Writes that bypass the edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrayCounts {
    /// Sent and answered, or timed out.
    pub total: u64,
    /// Acknowledged by the source and recorded: the ledger contains these too.
    pub acknowledged: u64,
    /// Refused and certainly not executed.
    pub refused: u64,
    /// Failed during the commit: possibly executed, not acknowledged.
    pub unknown: u64,
}

/// Current figures.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Snapshot {
    /// Since the start.
    pub elapsed: Duration,
    /// Sent and not yet answered, of every kind.
    pub in_flight: usize,
    /// Writes so far.
    pub writes: WriteCounts,
    /// Reads so far.
    pub reads: ReadCounts,
    /// Stray writes so far.
    pub stray: StrayCounts,
    /// Writes acknowledged within the last second.
    pub acknowledged_last_s: u64,
    /// Slowest write answered within the last second, from its scheduled time.
    pub slowest_last_s: FractionalMillis,
}

/// All observations of the load.
#[derive(Debug, Clone)]
pub struct LoadResult {
    /// The start: [`Sample::at_ms`] counts from here.
    pub started_at: UnixMillis,
    /// Every operation, by the time it was due.
    pub samples: Vec<Sample>,
    /// Writes through the edge.
    pub writes: WriteCounts,
    /// Reads through the edge.
    pub reads: ReadCounts,
    /// Writes that bypass the edge.
    pub stray: StrayCounts,
    /// The first error texts, with the failed operations.
    pub error_texts: Vec<String>,
    /// The tokens of the acknowledged writes: see [`super::read_tokens`].
    pub tokens_file: PathBuf,
    /// How the load was sent.
    pub sending: Sending,
}

/// How the load was sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sending {
    /// What the machine carries; empty if it was not measured.
    pub calibration: Calibration,
    /// When the timetables began, since the start of the load.
    pub begun_ms: FractionalMillis,
    /// The rates of the timetables.
    pub rates: Rates,
    /// The bound on requests in flight.
    pub most_in_flight: u32,
    /// Operations that were sent late because the bound was reached.
    pub sent_late: u64,
    /// Writes sent in bursts.
    pub burst_writes: u64,
    /// The times at which the latency of writes did not come to rest, in words: `before the cutover`.
    pub not_steady: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Samples(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    samples: Vec<Sample>,
    writes: WriteCounts,
    reads: ReadCounts,
    stray: StrayCounts,
    error_texts: Vec<String>,
}

impl Samples {
    /// Adds one operation; `text` describes the error, if any.
    pub(super) fn add(&self, sample: Sample, text: Option<String>) {
        let mut state = self.state();
        let done = u64::from(sample.outcome == Outcome::Done);
        match sample.kind {
            Kind::Write | Kind::Calibration | Kind::Burst => {
                state.writes.total += 1;
                state.writes.acknowledged += done;
                let refused = u64::from(sample.outcome == Outcome::Refused);
                state.writes.refused += refused;
                state.writes.errors += 1 - done - refused;
                state.writes.held += u64::from(sample.held_ms.is_some());
            }
            Kind::Read => {
                state.reads.total += 1;
                state.reads.stale += u64::from(sample.outcome == Outcome::Stale);
                state.reads.errors += u64::from(!matches!(sample.outcome, Outcome::Done | Outcome::Stale));
            }
            Kind::Stray => {
                state.stray.total += 1;
                state.stray.acknowledged += done;
                state.stray.refused += u64::from(sample.outcome == Outcome::Refused);
                state.stray.unknown += u64::from(!matches!(sample.outcome, Outcome::Done | Outcome::Refused));
            }
        }
        if let Some(text) = text
            && sample.kind != Kind::Stray
            && state.error_texts.len() < EXAMPLES
        {
            state.error_texts.push(text);
        }
        state.samples.push(sample);
    }

    pub(super) fn snapshot(&self, elapsed: Duration, in_flight: usize) -> Snapshot {
        let state = self.state();
        let mut snapshot = Snapshot {
            elapsed,
            in_flight,
            writes: state.writes,
            reads: state.reads,
            stray: state.stray,
            ..Snapshot::default()
        };
        // Samples are in the order of their answers, so the last second is at the end.
        let recent = state
            .samples
            .iter()
            .rev()
            .take_while(|s| Duration::from(s.at_ms + s.latency_ms) + SECOND > elapsed);
        for write in recent.filter(|sample| sample.kind == Kind::Write) {
            snapshot.acknowledged_last_s += u64::from(write.outcome == Outcome::Done);
            snapshot.slowest_last_s = snapshot.slowest_last_s.max(write.latency_ms);
        }
        snapshot
    }

    /// The latencies of the last writes that were due after `since`, at most `count`, in the order of their
    /// answers.
    pub(super) fn last_latencies(&self, since: FractionalMillis, count: usize) -> Vec<FractionalMillis> {
        let state = self.state();
        let answered_since = state
            .samples
            .iter()
            .rev()
            .take_while(|s| s.at_ms + s.latency_ms >= since);
        let mut latencies: Vec<FractionalMillis> = answered_since
            .filter(|sample| sample.kind == Kind::Write && sample.at_ms >= since)
            .take(count)
            .map(|sample| sample.latency_ms)
            .collect();
        latencies.reverse();
        latencies
    }

    pub(super) fn result(
        &self,
        started_at: UnixMillis,
        tokens_file: PathBuf,
        sending: Sending,
    ) -> LoadResult {
        let state = std::mem::take(&mut *self.state());
        let mut samples = state.samples;
        samples.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
        LoadResult {
            started_at,
            samples,
            writes: state.writes,
            reads: state.reads,
            stray: state.stray,
            error_texts: state.error_texts,
            tokens_file,
            sending,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change leaves a consistent state, so a panic of another thread is harmless.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(kind: Kind, outcome: Outcome, held_ms: Option<f64>) -> Sample {
        Sample {
            at_ms: FractionalMillis(0.0),
            latency_ms: FractionalMillis(2.0),
            kind,
            outcome,
            held_ms: held_ms.map(FractionalMillis),
            side: None,
            keyed: false,
        }
    }

    #[test]
    fn every_ending_is_counted_where_it_belongs() {
        let samples = Samples::default();
        samples.add(sample(Kind::Write, Outcome::Done, Some(40.0)), None);
        samples.add(
            sample(Kind::Write, Outcome::Error, None),
            Some("POST: 503".into()),
        );
        samples.add(sample(Kind::Write, Outcome::Refused, None), None);
        samples.add(sample(Kind::Calibration, Outcome::Done, None), None);
        samples.add(sample(Kind::Read, Outcome::Done, None), None);
        samples.add(sample(Kind::Read, Outcome::Stale, None), Some("stale".into()));
        samples.add(sample(Kind::Read, Outcome::Error, None), Some("GET: 500".into()));
        samples.add(sample(Kind::Stray, Outcome::Done, None), None);
        samples.add(
            sample(Kind::Stray, Outcome::Refused, None),
            Some("refused".into()),
        );
        samples.add(
            sample(Kind::Stray, Outcome::Unknown, None),
            Some("unknown".into()),
        );
        let result = samples.result(UnixMillis(0), PathBuf::new(), Sending::default());
        assert_eq!(
            result.writes,
            WriteCounts {
                total: 4,
                acknowledged: 2,
                errors: 1,
                held: 1,
                refused: 1
            }
        );
        assert_eq!(
            result.reads,
            ReadCounts {
                total: 3,
                errors: 1,
                stale: 1
            }
        );
        assert_eq!(
            result.stray,
            StrayCounts {
                total: 3,
                acknowledged: 1,
                refused: 1,
                unknown: 1
            }
        );
        assert_eq!(
            result.error_texts,
            ["POST: 503", "stale", "GET: 500"],
            "the refusal of a stray write is not an error"
        );
    }

    #[test]
    fn only_the_first_error_texts_are_kept() {
        let samples = Samples::default();
        for number in 0..100 {
            samples.add(
                sample(Kind::Write, Outcome::Error, None),
                Some(format!("error {number}")),
            );
        }
        let result = samples.result(UnixMillis(0), PathBuf::new(), Sending::default());
        assert_eq!((result.error_texts.len(), result.writes.errors), (EXAMPLES, 100));
    }
    #[test]
    fn a_write_that_was_due_before_the_wait_began_says_nothing_about_steadiness() {
        let samples = Samples::default();
        let write = |at_ms, latency_ms| Sample {
            at_ms: FractionalMillis(at_ms),
            latency_ms: FractionalMillis(latency_ms),
            ..sample(Kind::Write, Outcome::Done, None)
        };
        for answered in [
            write(10.0, 5.0),
            // Held: due before the wait, answered after its begin.
            write(20.0, 95.0),
            write(101.0, 6.0),
            Sample {
                kind: Kind::Calibration,
                ..write(102.0, 50.0)
            },
            write(103.0, 7.0),
            write(104.0, 8.0),
        ] {
            samples.add(answered, None);
        }
        let last = |count| samples.last_latencies(FractionalMillis(100.0), count);
        assert_eq!(last(9), [6.0, 7.0, 8.0].map(FractionalMillis));
        assert_eq!(last(2), [7.0, 8.0].map(FractionalMillis));
    }
}
