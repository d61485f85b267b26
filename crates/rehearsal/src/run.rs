//! One execution of a state machine, observed until it ends.

use std::collections::BTreeMap;

use crossover_clock::SystemClock;
use crossover_core::{
    Direction, ErrorName, Millis, Plan, StageError, UnixMillis, polling::Polling, ports::Clock as _,
};
use crossover_stand::{
    Progress,
    ministack::{Event, Execution},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    environment::{Cloud, JournalLine},
    error::{RehearsalError, Result},
};

/// Interval between two reads of an execution: long enough not to disturb the measured pause.
const READ_EVERY: Millis = Millis(400);
/// An execution that takes longer is considered stuck.
const LIMIT: Millis = Millis(30 * 60 * 1_000);

/// The state that may wait for long, and says for what.
const LAG_WAIT: &str = "LagWait";

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// The new writer serves, reverse replication runs, both sides are proven equal.
    Committed,
    /// The old writer continues to serve.
    Aborted,
    /// Any other end: the error has the reason.
    #[default]
    Failed,
}

/// One state that was entered.
#[derive(Debug, Clone)]
pub struct StageRun {
    pub name: String,
    pub duration: Millis,
    /// `done` or `failed`.
    pub outcome: &'static str,
    pub entered_at: UnixMillis,
}

/// The results of a run.
#[derive(Debug, Clone)]
pub struct RunRecord {
    pub run_id: String,
    /// Forward for an execution that is neither a cutover nor a rollback.
    pub direction: Direction,
    pub started_at: UnixMillis,
    pub outcome: RunOutcome,
    /// The error of the stage that kept the run from committing; absent if no stage reported one.
    pub error: Option<ErrorName>,
    /// The error, in the words of the stages.
    pub errors: Vec<String>,
    pub stages: Vec<StageRun>,
    /// Results by their name in the state (`connection_drain`, `final_sync`, …).
    pub results: Value,
    /// The planned actions of a dry run, in order.
    pub planned: Vec<String>,
}

impl RunRecord {
    /// A run of which only the reason is known why its end was not seen.
    pub(crate) fn unobserved(
        run_id: &str,
        direction: Direction,
        started_at: UnixMillis,
        reason: String,
    ) -> Self {
        Self {
            run_id: run_id.to_owned(),
            direction,
            started_at,
            outcome: RunOutcome::Failed,
            error: None,
            errors: vec![reason],
            stages: Vec::new(),
            results: Value::Null,
            planned: Vec::new(),
        }
    }
}

/// Runs a state machine to its end.
pub async fn execute(
    cloud: &Cloud,
    machine: &str,
    what: &str,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<RunRecord> {
    let started_at = SystemClock.now();
    let input = json!({ "plan": plan });
    let execution = cloud.aws.start_execution(machine, &plan.run_id, &input).await?;
    let mut polling = Polling::new(&SystemClock, READ_EVERY, LIMIT);
    let mut shown = Shown::default();
    let ended = loop {
        let seen = cloud.aws.describe_execution(&execution).await?;
        let history = cloud.aws.execution_history(&execution).await?;
        shown.update(what, &history, progress);
        if running(&history) == Some(LAG_WAIT) {
            shown.waits(
                &format!("{what}: {LAG_WAIT}"),
                &cloud.journal(&plan.run_id).await?,
                progress,
            );
        }
        if seen.status != "RUNNING" {
            break seen;
        }
        polling.pause().await.map_err(|late| RehearsalError::Timeout {
            what: format!("the end of the {what}"),
            seconds: late.waited.whole_seconds(),
            hint: "the state that is shown last hangs; its log is in the local AWS's log".to_owned(),
        })?;
    };
    let history = cloud.aws.execution_history(&execution).await?;
    let journal = cloud.journal(&plan.run_id).await?;
    let mut errors: Vec<String> = journal
        .iter()
        .filter(|line| line.event == "failed")
        .map(|line| {
            let text = |key: &str| line.detail[key].as_str().unwrap_or_default().to_owned();
            format!("{}: {}: {}", line.stage, text("error"), text("message"))
        })
        .collect();
    let results = last_state(&history, &ended);
    // A function that was killed or timed out could not write to the journal; the error caught by Step
    // Functions has the reason.
    if errors.is_empty()
        && let Some(caught) = results.get("error").filter(|e| e.is_object())
    {
        let text = |key: &str| caught[key].as_str().unwrap_or_default();
        errors.push(format!("{}: {}", text("Error"), text("Cause")));
    }
    if ended.status != "SUCCEEDED" {
        errors.push(format!(
            "{}: {}",
            ended.error.as_deref().unwrap_or(&ended.status),
            ended.cause.as_deref().unwrap_or_default()
        ));
    }
    let outcome = outcome(&ended);
    Ok(RunRecord {
        run_id: plan.run_id.clone(),
        direction: Direction::default(),
        started_at,
        outcome,
        error: error(outcome, &results),
        errors,
        stages: stages(&history),
        planned: planned(&history, &results),
        results,
    })
}

fn outcome(ended: &Execution) -> RunOutcome {
    match (ended.status.as_str(), ended.error.as_deref()) {
        ("SUCCEEDED", _) => RunOutcome::Committed,
        (_, Some("CutoverAborted" | "CutoverRefused")) => RunOutcome::Aborted,
        _ => RunOutcome::Failed,
    }
}

/// The error that Step Functions caught. A run that was committed in spite of an error has none.
fn error(outcome: RunOutcome, results: &Value) -> Option<ErrorName> {
    let caught = results["error"]["Error"].as_str()?;
    StageError::all()
        .find(|error| error.name() == caught)
        .filter(|_| outcome != RunOutcome::Committed)
}

/// The time of an event.
fn at(event: &Event) -> UnixMillis {
    UnixMillis((event.timestamp * 1_000.0).round() as u64)
}

/// An RFC 3339 time.
pub fn rfc3339(text: &str) -> Option<UnixMillis> {
    let at = text.parse::<jiff::Timestamp>().ok()?;
    Some(UnixMillis(at.as_millisecond().try_into().ok()?))
}

fn is_task(event: &Event, end: &str) -> bool {
    event.kind == format!("TaskState{end}")
}

/// The task states that were entered, in order.
fn stages(history: &[Event]) -> Vec<StageRun> {
    let mut stages: Vec<StageRun> = Vec::new();
    for (index, event) in history.iter().enumerate() {
        let Some(name) = event.state().filter(|_| is_task(event, "Entered")) else {
            continue;
        };
        let exit = history[index..]
            .iter()
            .find(|e| is_task(e, "Exited") && e.state() == Some(name));
        let next = history[index + 1..]
            .iter()
            .find(|e| e.kind.ends_with("StateEntered") || e.kind.starts_with("Execution"));
        let end = exit.or(next);
        // A caught error also leaves the state, with the error in its output; the state's own result is
        // missing then.
        let failed = match exit.and_then(state_output) {
            Some(output) => {
                output.get("error").is_some_and(|e| !e.is_null()) && output.get(place(name)).is_none()
            }
            None => true,
        };
        stages.push(StageRun {
            name: name.to_owned(),
            duration: end.map_or(Millis(0), |end| at(end).since(at(event))),
            outcome: if failed { "failed" } else { "done" },
            entered_at: at(event),
        });
    }
    stages
}

/// The name under which a state stores its result: `WarmFinalSync` -> `warm_final_sync`.
fn place(state: &str) -> String {
    let mut place = String::new();
    for (index, letter) in state.char_indices() {
        if letter.is_uppercase() && index > 0 {
            place.push('_');
        }
        place.extend(letter.to_lowercase());
    }
    if place == "roll_forward" {
        "final_sync".to_owned()
    } else {
        place
    }
}

fn state_output(event: &Event) -> Option<Value> {
    serde_json::from_str(
        event
            .details
            .get("stateExitedEventDetails")?
            .get("output")?
            .as_str()?,
    )
    .ok()
}

/// The last state document of the execution.
fn last_state(history: &[Event], ended: &Execution) -> Value {
    // MiniStack returns the error of a failed execution as its output; the results of the states are in the
    // history.
    ended
        .output
        .clone()
        .filter(|_| ended.status == "SUCCEEDED")
        .or_else(|| history.iter().rev().find_map(state_output))
        .unwrap_or(Value::Null)
}

fn planned(history: &[Event], results: &Value) -> Vec<String> {
    let mut planned = Vec::new();
    for stage in stages(history) {
        for step in results[place(&stage.name)]["result"]["planned"]
            .as_array()
            .into_iter()
            .flatten()
        {
            planned.push(format!("{}: {}", stage.name, step.as_str().unwrap_or_default()));
        }
    }
    planned
}

/// The state that is being worked on.
fn running(history: &[Event]) -> Option<&str> {
    let last = history.iter().rposition(|event| is_task(event, "Entered"))?;
    let left = history.iter().skip(last).any(|event| is_task(event, "Exited"));
    history.get(last)?.state().filter(|_| !left)
}

/// What has been reported to the user.
#[derive(Default)]
struct Shown {
    states: BTreeMap<u64, bool>,
    waits: usize,
}

impl Shown {
    /// The journal's lines about waiting that are new.
    fn waits(&mut self, label: &str, journal: &[JournalLine], progress: &dyn Progress) {
        let waits: Vec<&JournalLine> = journal.iter().filter(|line| line.event == "waiting").collect();
        for line in waits.iter().skip(self.waits) {
            progress.waits(label, line.detail["reason"].as_str().unwrap_or_default());
        }
        self.waits = waits.len();
    }

    fn update(&mut self, what: &str, history: &[Event], progress: &dyn Progress) {
        for (index, event) in history.iter().enumerate() {
            let Some(name) = event.state().filter(|_| is_task(event, "Entered")) else {
                continue;
            };
            let label = format!("{what}: {name}");
            let left = history[index + 1..].iter().find(|e| {
                e.kind.ends_with("StateEntered")
                    || e.kind.starts_with("ExecutionS")
                    || e.kind.starts_with("ExecutionF")
            });
            let reported = self.states.entry(event.id).or_insert_with(|| {
                progress.started(&label);
                false
            });
            if let Some(left) = left
                && !*reported
            {
                *reported = true;
                progress.done(&label, at(left).since(at(event)).into());
            }
        }
    }
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

    #[test]
    fn the_error_of_a_run_is_the_caught_one_and_only_if_a_stage_reported_it() {
        let caught = |name: &str| json!({ "error": { "Error": name, "Cause": "TooBusy" } });
        let aborted = RunOutcome::Aborted;
        assert_eq!(
            error(aborted, &caught("WritersRemain")),
            Some(ErrorName::WritersRemain)
        );
        assert_eq!(error(aborted, &caught("Sandbox.Timedout")), None);
        assert_eq!(error(aborted, &Value::Null), None);
        assert_eq!(error(RunOutcome::Committed, &caught("WritersRemain")), None);
    }

    #[test]
    fn a_state_is_worked_on_until_it_is_left() {
        let event = |kind: &str| -> Event {
            let details = json!({ "name": LAG_WAIT });
            serde_json::from_value(json!({
                "id": 1, "type": kind, "timestamp": 0.0, "stateEnteredEventDetails": details,
            }))
            .unwrap()
        };
        let (entered, exited) = (event("TaskStateEntered"), event("TaskStateExited"));
        assert_eq!(running(&[]), None);
        assert_eq!(running(&[exited.clone(), entered.clone()]), Some(LAG_WAIT));
        assert_eq!(running(&[entered, exited]), None);
    }

    #[test]
    fn results_are_found_under_the_name_of_their_state() {
        assert_eq!(place("WarmFinalSync"), "warm_final_sync");
        assert_eq!(place("RollForward"), "final_sync");
    }
}
