//! What this machine carries: clients that wait for their answers, more of them at each step.
//!
//! A rehearsal at a rate that the machine cannot carry measures only its queues. So the load finds the highest
//! rate first, and stays well below it. Each write is followed by its share of the reads, because they need
//! the same CPU.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossover_core::FractionalMillis;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::in_flight::InFlight;
use super::operation::Clients;
use super::{Kind, Outcome, Sample};
use crate::percentile::percentile;

/// Answers of a step: enough for a 95th percentile, and several for each client.
const ANSWERS: u64 = 150;
const ANSWERS_PER_CLIENT: u64 = 15;
/// Reads that follow a write at most; with more, a step would take minutes.
const MOST_READS: u64 = 10;
/// A step with slower writes is beyond what the machine carries.
const SLOWEST_P95: FractionalMillis = FractionalMillis(250.0);
/// A step must bring this much more than the best one before it to count as growth.
const GROWTH: f64 = 1.1;
const MOST_CLIENTS: u32 = 64;
/// The share of what the machine carries at which a rehearsal runs.
const SHARE: f64 = 0.6;
/// Requests in flight, in seconds of what the machine carries: longer than a pause, shorter than the time after
/// which the sample API gives up waiting for a session (5 s). Without this bound, one stall would fill the API's
/// queue beyond that time, and all later requests would fail for a reason that is not the cutover's.
const IN_FLIGHT_S: f64 = 3.0;
const FEWEST_IN_FLIGHT: f64 = 100.0;

/// One step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CalibrationStep {
    /// Number of clients, each of which waits for its answer before it sends the next write.
    pub clients: u32,
    /// Writes per second that were answered.
    pub writes_per_s: f64,
    /// The 95th percentile of their latency.
    pub p95_ms: FractionalMillis,
    /// Writes that were answered with anything but success.
    pub errors: u64,
}

/// The steps so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calibration(pub Vec<CalibrationStep>);

impl Calibration {
    /// The number of clients of the next step; `None` if the machine carries no more.
    fn next_step(&self) -> Option<u32> {
        let Some((last, before)) = self.0.split_last() else {
            return Some(1);
        };
        let next = last.clients * 2;
        (last.is_carried() && next <= MOST_CLIENTS && !self.has_stopped_growing(before)).then_some(next)
    }

    /// One step without growth may be chance; two in a row are not.
    fn has_stopped_growing(&self, before_last: &[CalibrationStep]) -> bool {
        let grew = |steps: &[CalibrationStep]| match steps.split_last() {
            Some((last, before)) => last.writes_per_s >= best(before) * GROWTH,
            None => true,
        };
        !grew(&self.0) && !grew(before_last)
    }

    /// Writes per second that this machine carries: the median of the three best steps, because the best one of
    /// several short steps is a lucky one.
    pub fn carried_per_s(&self) -> f64 {
        let mut carried: Vec<f64> = self
            .0
            .iter()
            .filter(|step| step.is_carried())
            .map(|step| step.writes_per_s)
            .collect();
        carried.sort_by(|a, b| b.total_cmp(a));
        carried.truncate(3);
        // Where one client is slow already, its rate is all there is.
        let first = self.0.first().map(|step| step.writes_per_s);
        carried
            .get(carried.len() / 2)
            .copied()
            .or(first)
            .unwrap_or_default()
    }

    /// How many requests may be in flight, by what the machine carries.
    pub(super) fn most_in_flight(&self, asked: Rates) -> u32 {
        let requests_per_s = self.carried_per_s() * (1.0 + asked.reads_per_write());
        (requests_per_s * IN_FLIGHT_S).max(FEWEST_IN_FLIGHT) as u32
    }

    /// The rates of the rehearsal: what was asked, or a share of what the machine carries if that is less.
    pub fn rates(&self, asked: Rates) -> Rates {
        let share = (self.carried_per_s() * SHARE / f64::from(asked.writes_per_s.max(1))).min(1.0);
        let scaled = |rate: u32| ((f64::from(rate) * share) as u32).max(rate.min(1));
        Rates {
            writes_per_s: scaled(asked.writes_per_s),
            reads_per_s: scaled(asked.reads_per_s),
        }
    }
}

impl CalibrationStep {
    fn is_carried(&self) -> bool {
        self.errors == 0 && self.p95_ms <= SLOWEST_P95
    }
}

fn best(steps: &[CalibrationStep]) -> f64 {
    steps.iter().map(|step| step.writes_per_s).fold(0.0, f64::max)
}

/// Operations through the edge, per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    pub writes_per_s: u32,
    pub reads_per_s: u32,
}

impl Rates {
    fn reads_per_write(self) -> f64 {
        f64::from(self.reads_per_s) / f64::from(self.writes_per_s.max(1))
    }

    /// Reads that follow write `number`.
    fn reads_after(self, number: u64) -> u64 {
        let (reads, writes) = (u64::from(self.reads_per_s), u64::from(self.writes_per_s.max(1)));
        ((number + 1) * reads / writes - number * reads / writes).min(MOST_READS)
    }
}

/// Raises the number of clients until the machine carries no more.
pub(super) async fn calibrate(
    clients: &Arc<Clients>,
    in_flight: &Arc<InFlight>,
    asked: Rates,
) -> Calibration {
    let mut calibration = Calibration::default();
    let number = Arc::new(AtomicU64::new(0));
    while let Some(count) = calibration.next_step() {
        calibration
            .0
            .push(step((clients, in_flight), count, &number, asked).await);
    }
    calibration
}

/// What decides whether a step sends another write.
#[derive(Debug)]
struct Progress {
    answers: u64,
    sent: AtomicU64,
    slow: AtomicU64,
    errors: AtomicU64,
}

impl Progress {
    fn new(answers: u64) -> Self {
        Self {
            answers,
            sent: AtomicU64::new(0),
            slow: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        }
    }

    /// Whether another write is to be sent. A step ends early when its result can no longer change, so that no
    /// hang is waited for again and again: after an error, and when more than 5 % of its writes were slow.
    fn sends_another(&self) -> bool {
        self.errors.load(Ordering::Relaxed) == 0
            && self.slow.load(Ordering::Relaxed) * 20 <= self.answers
            && self.sent.fetch_add(1, Ordering::Relaxed) < self.answers
    }

    fn ended(&self, sample: &Sample) {
        let is_slow = sample.latency_ms > SLOWEST_P95;
        self.slow.fetch_add(u64::from(is_slow), Ordering::Relaxed);
        let failed = sample.outcome != Outcome::Done;
        self.errors.fetch_add(u64::from(failed), Ordering::Relaxed);
    }
}

/// Ends with its last answer.
async fn step(
    (clients, in_flight): (&Arc<Clients>, &Arc<InFlight>),
    count: u32,
    number: &Arc<AtomicU64>,
    asked: Rates,
) -> CalibrationStep {
    let progress = Arc::new(Progress::new(ANSWERS.max(ANSWERS_PER_CLIENT * u64::from(count))));
    let began = Instant::now();
    let mut sending = JoinSet::new();
    for _ in 0..count {
        let (clients, in_flight) = (Arc::clone(clients), Arc::clone(in_flight));
        let (number, progress) = (Arc::clone(number), Arc::clone(&progress));
        sending.spawn(async move {
            let mut answered = Vec::new();
            while progress.sends_another() {
                let _place = in_flight.enter().await;
                let next = number.fetch_add(1, Ordering::Relaxed);
                let performed = clients.perform(Kind::Calibration, next, Instant::now()).await;
                answered.extend(performed.sample.inspect(|sample| progress.ended(sample)));
                for read in 0..asked.reads_after(next) {
                    clients.perform(Kind::Read, next + read, Instant::now()).await;
                }
            }
            answered
        });
    }
    let samples = sending.join_all().await.concat();
    let seconds = began.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
    let latencies = samples.iter().map(|sample| sample.latency_ms).collect();
    CalibrationStep {
        clients: count,
        writes_per_s: samples.len() as f64 / seconds,
        p95_ms: percentile(latencies, 95.0).unwrap_or_default(),
        errors: progress.errors.load(Ordering::Relaxed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of a machine that carries `per_s` for each number of clients, with a latency of `p95_ms`.
    fn ramp(machine: impl Fn(u32) -> (f64, f64)) -> Calibration {
        let mut calibration = Calibration::default();
        while let Some(clients) = calibration.next_step() {
            let (writes_per_s, p95_ms) = machine(clients);
            calibration.0.push(CalibrationStep {
                clients,
                writes_per_s,
                p95_ms: FractionalMillis(p95_ms),
                errors: 0,
            });
        }
        calibration
    }

    fn clients(calibration: &Calibration) -> Vec<u32> {
        calibration.0.iter().map(|step| step.clients).collect()
    }

    #[test]
    fn the_ramp_ends_two_steps_after_the_rate_stopped_growing() {
        let found = ramp(|clients| (f64::from(clients.min(4)) * 150.0, 8.0));
        assert_eq!(clients(&found), [1, 2, 4, 8, 16]);
        assert!((found.carried_per_s() - 600.0).abs() < f64::EPSILON);
    }

    #[test]
    fn one_step_without_growth_does_not_end_the_ramp() {
        let found = ramp(|clients| {
            (
                if clients == 2 {
                    150.0
                } else {
                    f64::from(clients.min(8)) * 150.0
                },
                8.0,
            )
        });
        assert!(found.0.len() > 4, "{found:?}");
        assert!((found.carried_per_s() - 1_200.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_step_with_slow_writes_ends_the_ramp_and_does_not_count() {
        let found = ramp(|clients| (f64::from(clients) * 100.0, f64::from(clients) * 100.0));
        assert_eq!(clients(&found), [1, 2, 4]);
        // Of two steps the lower one.
        assert!((found.carried_per_s() - 100.0).abs() < f64::EPSILON);
    }

    #[test]
    fn one_lucky_step_does_not_decide() {
        let found = ramp(|clients| {
            (
                if clients == 8 {
                    900.0
                } else {
                    f64::from(clients.min(4)) * 50.0
                },
                8.0,
            )
        });
        assert!((found.carried_per_s() - 200.0).abs() < f64::EPSILON, "{found:?}");
    }

    #[test]
    fn each_write_is_followed_by_its_share_of_the_reads() {
        let reads = |writes_per_s, reads_per_s| {
            let rates = Rates {
                writes_per_s,
                reads_per_s,
            };
            (0..220).map(|number| rates.reads_after(number)).sum::<u64>()
        };
        assert_eq!(reads(220, 100), 100);
        assert_eq!(reads(100, 300), 660);
        assert_eq!((reads(220, 0), reads(1, 5_000)), (0, 2_200));
    }

    #[test]
    fn requests_in_flight_are_answered_before_the_api_gives_up() {
        let asked = Rates {
            writes_per_s: 200,
            reads_per_s: 100,
        };
        let carried = ramp(|_| (300.0, 500.0));
        assert_eq!(carried.most_in_flight(asked), 1_350);
        assert_eq!(Calibration::default().most_in_flight(asked), 100);
    }

    #[test]
    fn a_step_with_an_error_ends_the_ramp_and_does_not_count() {
        let mut found = ramp(|_| (100.0, 500.0));
        assert_eq!(clients(&found), [1]);
        found.0[0].p95_ms = FractionalMillis(1.0);
        found.0.push(CalibrationStep {
            clients: 2,
            writes_per_s: 9_000.0,
            errors: 1,
            ..CalibrationStep::default()
        });
        assert_eq!(found.next_step(), None);
        assert!((found.carried_per_s() - 100.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_machine_that_never_stops_growing_ends_the_ramp_by_the_number_of_clients() {
        let found = ramp(|clients| (f64::from(clients) * 1_000.0, 1.0));
        assert_eq!(found.0.last().unwrap().clients, MOST_CLIENTS);
    }

    #[test]
    fn the_load_is_what_was_asked_or_a_share_of_what_is_carried() {
        let carried = |per_s| ramp(|_| (per_s, 500.0));
        let asked = Rates {
            writes_per_s: 220,
            reads_per_s: 100,
        };
        assert_eq!(carried(1_000.0).rates(asked), asked);
        let less = carried(220.0).rates(asked);
        assert_eq!((less.writes_per_s, less.reads_per_s), (132, 60));
        let none = Calibration::default().rates(asked);
        assert_eq!((none.writes_per_s, none.reads_per_s), (1, 1));
        let no_reads = Rates {
            reads_per_s: 0,
            ..asked
        };
        assert_eq!(carried(10.0).rates(no_reads).reads_per_s, 0);
    }
    #[test]
    fn a_step_ends_with_its_answers_and_early_when_its_result_is_known() {
        let sample = |latency_ms, outcome| Sample {
            at_ms: FractionalMillis(0.0),
            latency_ms: FractionalMillis(latency_ms),
            kind: Kind::Calibration,
            outcome,
            held_ms: None,
            side: None,
            keyed: false,
        };
        let writes_until_the_end = |answer: Sample| {
            let progress = Progress::new(100);
            let mut sent = 0;
            while progress.sends_another() {
                progress.ended(&answer);
                sent += 1;
            }
            sent
        };
        assert_eq!(writes_until_the_end(sample(5.0, Outcome::Done)), 100);
        assert_eq!(writes_until_the_end(sample(251.0, Outcome::Done)), 6);
        assert_eq!(writes_until_the_end(sample(5.0, Outcome::Error)), 1);
    }
}
