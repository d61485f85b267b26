//! The traffic of a rehearsal: how it begins, and when it has come to rest.

use crossover_stand::{Progress, progress::step};

use crate::{load::Load, options::RehearsalOptions};

/// Finds what the machine carries, starts the traffic at a rate below it, and waits until its latency has come to
/// rest.
pub async fn begin(load: &mut Load, options: &RehearsalOptions, progress: &dyn Progress) {
    let calibrating = step(progress, "calibration: how many writes/s this machine carries");
    let (carried, rates) = load.calibrate().await;
    calibrating.done();
    let reason = if rates.writes_per_s < options.writes_per_s {
        format!("60 % of the {carried:.0} writes/s that this machine carries")
    } else {
        format!("this machine carries {carried:.0} writes/s")
    };
    load.begin(rates);
    let traffic = format!(
        "traffic: {} writes/s and {} reads/s through the Worker; {reason}",
        rates.writes_per_s, rates.reads_per_s
    );
    steady(load, "before the cutover", traffic, progress).await;
}

/// Waits until the latency of the traffic has come to rest; shown as the step `name`.
pub async fn steady(load: &mut Load, when: &str, name: String, progress: &dyn Progress) {
    let waiting = step(progress, name);
    let is_steady = load.steady(when).await;
    waiting.done();
    if !is_steady {
        // A step that is dropped is shown as failed.
        drop(step(
            progress,
            "the latency of writes is still changing after 60 s; the rehearsal goes on",
        ));
    }
}
