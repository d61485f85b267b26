//! One execution of a state machine, observed until it ends.

use crossover_core::{Direction, Millis, Plan, UnixMillis};
use crossover_operate::{
    follow::{Pace, Watcher, follow},
    kind::Kind,
    run::RunExecution,
};
use crossover_stand::Progress;
use serde_json::json;

pub use crossover_operate::run::{RunOutcome, RunRecord, StageRun};

use crate::{environment::Cloud, error::Result};

/// The interval is long enough not to disturb the measured pause.
const PACE: Pace = Pace {
    read_every: Millis(400),
    limit: Millis(30 * 60 * 1_000),
};

/// Runs a state machine to its end.
pub async fn execute(
    cloud: &Cloud,
    (machine, direction): (&str, Direction),
    what: &str,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<RunRecord> {
    let input = json!({ "plan": plan });
    let run = RunExecution {
        run_id: plan.run_id.clone(),
        kind: Kind::of(direction, false),
        arn: cloud.runs.machines.start(machine, &plan.run_id, &input).await?,
    };
    let steps = Steps { what, progress };
    Ok(follow(&cloud.runs, &run, PACE, &steps).await?)
}

/// The stages as steps of the rehearsal.
struct Steps<'a> {
    what: &'a str,
    progress: &'a dyn Progress,
}

impl Steps<'_> {
    fn label(&self, state: &str) -> String {
        format!("{}: {state}", self.what)
    }
}

impl Watcher for Steps<'_> {
    fn entered(&self, state: &str) {
        self.progress.started(&self.label(state));
    }

    fn waits(&self, state: &str, reason: &str) {
        self.progress.waits(&self.label(state), reason);
    }

    fn left(&self, stage: &StageRun) {
        self.progress
            .done(&self.label(&stage.name), stage.duration.into());
    }
}

/// An RFC 3339 time.
pub fn rfc3339(text: &str) -> Option<UnixMillis> {
    let at = text.parse::<jiff::Timestamp>().ok()?;
    Some(UnixMillis(at.as_millisecond().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_either_spelling() {
        let read = rfc3339("2026-01-02T03:04:05.250Z");
        assert_eq!(read, Some(UnixMillis(1_767_323_045_250)));
        assert_eq!(rfc3339("1970-01-01T00:00:01+00:00"), Some(UnixMillis(1_000)));
        assert_eq!(rfc3339("yesterday"), None);
    }
}
