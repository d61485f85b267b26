//! The cost of the cutover for clients: the wait it added to their writes.
//!
//! The *window* of a cutover is from `hold_at_ms` to the answer of the last write that the edge held. All
//! writes whose scheduled time is in the window are measured, and the held writes that were due just before
//! it. The *added* wait of a write is its latency, counted from its scheduled time, minus the median latency
//! of the writes that were neither held nor due in a window; never below zero. A write that failed counts
//! with the time until its failure.

use crossover_core::FractionalMillis;
use serde::{Deserialize, Serialize};

use crate::load::{Kind, Outcome, Sample};
use crate::percentile::percentile;

/// A held write can have been due shortly before `hold_at_ms`, because it was in transit.
const ON_ITS_WAY: FractionalMillis = FractionalMillis(1_000.0);

/// The added wait of the writes in a window (nearest rank).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pause {
    /// The median.
    pub p50: FractionalMillis,
    /// The 95th percentile.
    pub p95: FractionalMillis,
    /// The maximum.
    pub max: FractionalMillis,
}

/// The writes that met a hold, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeldCounts {
    /// Held, and released: with an idempotency key.
    pub with_key: u64,
    /// Held, and released: without one.
    pub without_key: u64,
    /// Not held and not executed, because the plan holds only writes with a key.
    pub refused: u64,
}

/// The measurements of one window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PauseWindow {
    /// `hold_at_ms`, since the start of the load.
    pub hold_at_ms: FractionalMillis,
    /// The answer to the last held write, on the same clock.
    pub released_ms: FractionalMillis,
    /// Number of measured writes.
    pub writes: usize,
    /// The median latency of undisturbed writes.
    pub undisturbed_ms: FractionalMillis,
    /// The added wait.
    pub pause: Pause,
    /// What became of the writes that met the hold.
    pub held: HeldCounts,
    /// The added wait of the write with the median one: from its scheduled time, on the same clock.
    pub median_from_ms: FractionalMillis,
}

/// Measures the window of each hold; `holds` are the `hold_at_ms` of the run, ascending, on the clock of
/// the samples.
///
/// `None` for a hold during which no write was held.
pub fn measure(samples: &[Sample], holds: &[FractionalMillis]) -> Vec<Option<PauseWindow>> {
    let writes: Vec<&Sample> = samples
        .iter()
        .filter(|sample| sample.kind == Kind::Write)
        .collect();
    let windows: Vec<Option<(FractionalMillis, FractionalMillis)>> = holds
        .iter()
        .enumerate()
        .map(|(index, &hold_at)| {
            let next = holds
                .get(index + 1)
                .map_or(FractionalMillis(f64::INFINITY), |&next| next - ON_ITS_WAY);
            let held = writes.iter().filter(|write| {
                write.held_ms.is_some() && (hold_at - ON_ITS_WAY..next).contains(&write.at_ms)
            });
            let released = held
                .map(|write| write.at_ms + write.latency_ms)
                .max_by(FractionalMillis::total_cmp)?;
            Some((hold_at, released))
        })
        .collect();
    let in_window =
        |write: &Sample, (from, to): (FractionalMillis, FractionalMillis)| (from..=to).contains(&write.at_ms);
    let undisturbed: Vec<FractionalMillis> = writes
        .iter()
        .filter(|write| write.held_ms.is_none() && !windows.iter().flatten().any(|&w| in_window(write, w)))
        .map(|write| write.latency_ms)
        .collect();
    let undisturbed_ms = percentile(undisturbed, 50.0).unwrap_or_default();
    windows
        .iter()
        .map(|&window| {
            let (hold_at_ms, released_ms) = window?;
            let early = (hold_at_ms - ON_ITS_WAY, hold_at_ms);
            let added_wait =
                |write: &Sample| (write.latency_ms - undisturbed_ms).max(FractionalMillis::default());
            let met = || {
                writes
                    .iter()
                    .filter(|w| in_window(w, (hold_at_ms - ON_ITS_WAY, released_ms)))
            };
            let held = HeldCounts {
                with_key: met().filter(|w| w.held_ms.is_some() && w.keyed).count() as u64,
                without_key: met().filter(|w| w.held_ms.is_some() && !w.keyed).count() as u64,
                refused: met().filter(|w| w.outcome == Outcome::Refused).count() as u64,
            };
            let measured: Vec<&Sample> = writes
                .iter()
                .copied()
                // A write that is refused at once does not wait.
                .filter(|w| w.outcome != Outcome::Refused)
                .filter(|w| {
                    in_window(w, (hold_at_ms, released_ms)) || (w.held_ms.is_some() && in_window(w, early))
                })
                .collect();
            let added: Vec<FractionalMillis> = measured.iter().map(|write| added_wait(write)).collect();
            let at = |percent| percentile(added.clone(), percent).unwrap_or_default();
            let pause = Pause {
                p50: at(50.0),
                p95: at(95.0),
                max: at(100.0),
            };
            let median = measured.iter().find(|write| added_wait(write) == pause.p50);
            Some(PauseWindow {
                median_from_ms: median.map_or(hold_at_ms, |write| write.at_ms),
                hold_at_ms,
                released_ms,
                held,
                writes: added.len(),
                undisturbed_ms,
                pause,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(at_ms: f64, latency_ms: f64, held_ms: Option<f64>) -> Sample {
        Sample {
            at_ms: FractionalMillis(at_ms),
            latency_ms: FractionalMillis(latency_ms),
            kind: Kind::Write,
            outcome: Outcome::Done,
            held_ms: held_ms.map(FractionalMillis),
            side: None,
            keyed: false,
        }
    }

    /// A write every 10 ms with 3 ms latency; those due in `[hold, hold + 100)` are answered 100 ms after the
    /// hold.
    fn traffic(holds: &[f64]) -> Vec<Sample> {
        (0..1_000)
            .map(|number| {
                let at = f64::from(number) * 10.0;
                let hold = holds.iter().find(|&&hold| (hold..hold + 100.0).contains(&at));
                hold.map_or_else(
                    || write(at, 3.0, None),
                    |hold| write(at, hold + 100.0 - at + 3.0, Some(hold + 100.0 - at)),
                )
            })
            .collect()
    }

    #[test]
    fn the_added_wait_is_what_exceeds_an_undisturbed_write() {
        let window =
            measure(&traffic(&[5_000.0]), &[FractionalMillis(5_000.0)])[0].expect("writes were held");
        assert_eq!(
            (window.hold_at_ms.0, window.released_ms.0, window.undisturbed_ms.0),
            (5_000.0, 5_103.0, 3.0)
        );
        // Ten held writes wait 100, 90, .. 10 ms; one more is due before the last answer and does not wait.
        assert_eq!(window.writes, 11);
        assert_eq!(window.median_from_ms, FractionalMillis(5_050.0));
        assert_eq!(
            window.pause,
            Pause {
                p50: FractionalMillis(50.0),
                p95: FractionalMillis(100.0),
                max: FractionalMillis(100.0)
            }
        );
    }

    #[test]
    fn a_held_write_that_was_in_transit_at_hold_at_counts() {
        let mut samples = traffic(&[5_000.0]);
        samples.push(write(4_999.0, 250.0, Some(240.0)));
        let window = measure(&samples, &[FractionalMillis(5_000.0)])[0].expect("writes were held");
        assert_eq!((window.pause.max.0, window.released_ms.0), (247.0, 5_249.0));
    }

    #[test]
    fn each_hold_has_a_separate_window() {
        let holds = [2_000.0, 7_000.0];
        let windows = measure(&traffic(&holds), &holds.map(FractionalMillis));
        let released: Vec<f64> = windows
            .iter()
            .flatten()
            .map(|window| window.released_ms.0)
            .collect();
        assert_eq!(released, [2_103.0, 7_103.0]);
    }

    #[test]
    fn writes_that_met_the_hold_are_counted_by_kind_and_those_refused_did_not_wait() {
        let mut samples = traffic(&[5_000.0]);
        for write in samples.iter_mut().filter(|w| w.held_ms.is_some()).take(4) {
            write.keyed = true;
        }
        samples.push(Sample {
            outcome: Outcome::Refused,
            ..write(5_001.0, 1.0, None)
        });
        let window = measure(&samples, &[FractionalMillis(5_000.0)])[0].expect("writes were held");
        assert_eq!(
            window.held,
            HeldCounts {
                with_key: 4,
                without_key: 6,
                refused: 1
            }
        );
        assert_eq!(window.writes, 11, "ten held, one due before the last answer");
    }

    #[test]
    fn the_writes_of_the_calibration_are_not_undisturbed_writes() {
        let mut samples = traffic(&[5_000.0]);
        samples.extend((0..5_000).map(|number| Sample {
            kind: Kind::Calibration,
            ..write(f64::from(number) / 10.0, 90.0, None)
        }));
        let window = measure(&samples, &[FractionalMillis(5_000.0)])[0].expect("writes were held");
        assert_eq!((window.undisturbed_ms.0, window.pause.max.0), (3.0, 100.0));
    }

    #[test]
    fn a_hold_that_held_nothing_has_no_pause_and_reads_do_not_count() {
        let mut samples = traffic(&[]);
        samples.push(Sample {
            kind: Kind::Read,
            ..write(5_000.0, 900.0, Some(900.0))
        });
        assert_eq!(measure(&samples, &[FractionalMillis(5_000.0)]), [None]);
    }
}
