//! One execution of a state machine, followed to its end.

use crossover_aws::JournalLine;
use crossover_clock::SystemClock;
use crossover_core::{Direction, ErrorName, Millis, StageError, UnixMillis, polling::Polling};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use crate::history::StageRun;
use crate::{
    error::{OperateError, Result},
    history::{Event, last_document, planned, stages},
    machines::Execution,
    world::Runs,
};

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
    pub fn unobserved(run_id: &str, direction: Direction, started_at: UnixMillis, reason: String) -> Self {
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

    /// The run for programs.
    pub fn document(&self) -> Value {
        let stages: Vec<Value> = self
            .stages
            .iter()
            .map(|stage| {
                json!({
                    "name": stage.name, "outcome": stage.outcome,
                    "entered_at_ms": stage.entered_at, "duration_ms": stage.duration,
                })
            })
            .collect();
        let (predicted, measured) = self.pause();
        json!({
            "run_id": self.run_id,
            "direction": self.direction,
            "outcome": self.outcome,
            "error": self.error.map(ErrorName::name),
            "errors": self.errors,
            "started_at_ms": self.started_at,
            "predicted_pause_ms": predicted,
            "pause_ms": measured,
            "stages": stages,
            "planned": self.planned,
        })
    }

    /// How long writes were held: what lag-wait expected, and what final-sync measured.
    pub fn pause(&self) -> (Option<Millis>, Option<Millis>) {
        (
            output_figure(&self.results, "lag_wait", "predicted_pause_ms"),
            output_figure(&self.results, "final_sync", "pause_ms"),
        )
    }
}

/// A time in the output of a stage.
fn output_figure(results: &Value, place: &str, name: &str) -> Option<Millis> {
    results[place]["result"]["output"][name].as_u64().map(Millis)
}

/// Receives what happens in an execution, as it happens.
pub trait Watcher: Send + Sync {
    fn entered(&self, state: &str);
    /// What the running state waits for.
    fn waits(&self, state: &str, reason: &str);
    fn left(&self, stage: &StageRun);
    /// How long writes will be held, as far as the load tells.
    fn predicts(&self, _pause: Millis) {}
}

/// How an execution is followed.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Interval between two reads.
    pub read_every: Millis,
    /// An execution that takes longer is considered stuck.
    pub limit: Millis,
}

/// Follows an execution of the run `run_id` to its end.
pub async fn follow(
    runs: &Runs,
    (execution, run_id): (&str, &str),
    pace: Pace,
    watcher: &dyn Watcher,
) -> Result<RunRecord> {
    let mut polling = Polling::new(&SystemClock, pace.read_every, pace.limit);
    let mut shown = Shown::default();
    loop {
        let seen = described(runs, execution).await?;
        let history = runs.machines.history(execution).await?;
        shown.stages(&stages(&history), watcher);
        shown.prediction(last_document(&history), watcher);
        if !seen.running {
            let journal = runs.journal.lines(run_id).await?;
            return Ok(record(run_id, &seen, &history, &journal));
        }
        // The journal is read only where nothing is held: a read in the pause would disturb what is measured.
        if shown.running.as_deref() == Some(LAG_WAIT) {
            shown.waits(&runs.journal.lines(run_id).await?, watcher);
        }
        polling.pause().await.map_err(|late| OperateError::Late {
            what: format!("execution {execution}"),
            seconds: late.waited.whole_seconds(),
            hint: "the state that is shown last hangs; see the log of its function",
        })?;
    }
}

async fn described(runs: &Runs, execution: &str) -> Result<Execution> {
    let found = runs.machines.describe(execution).await?;
    found.ok_or_else(|| OperateError::NothingToDo(format!("there is no execution {execution}")))
}

/// What is known of an execution at one time; for an ended one, how it ended.
pub fn record(run_id: &str, seen: &Execution, history: &[Event], journal: &[JournalLine]) -> RunRecord {
    let mut errors: Vec<String> = journal
        .iter()
        .filter(|line| line.event == "failed")
        .map(|line| {
            let text = |key: &str| line.detail[key].as_str().unwrap_or_default().to_owned();
            format!("{}: {}: {}", line.stage, text("error"), text("message"))
        })
        .collect();
    // An emulator may return the error of a failed execution as its output; the results of the states are in the
    // history.
    let results = seen
        .output
        .as_ref()
        .filter(|_| seen.succeeded)
        .or_else(|| last_document(history))
        .cloned()
        .unwrap_or_default();
    // A function that was killed or timed out could not write to the journal; the error caught by Step
    // Functions has the reason.
    if errors.is_empty()
        && let Some(caught) = results.get("error").filter(|e| e.is_object())
    {
        let text = |key: &str| caught[key].as_str().unwrap_or_default();
        errors.push(format!("{}: {}", text("Error"), text("Cause")));
    }
    if !seen.succeeded && !seen.running {
        errors.push(format!(
            "{}: {}",
            seen.error.as_deref().unwrap_or(&seen.status),
            seen.cause.as_deref().unwrap_or_default()
        ));
    }
    let outcome = outcome(seen);
    RunRecord {
        run_id: run_id.to_owned(),
        direction: Direction::default(),
        started_at: seen.started_at,
        outcome,
        error: error(outcome, &results),
        errors,
        stages: stages(history),
        planned: planned(history, &results),
        results,
    }
}

fn outcome(seen: &Execution) -> RunOutcome {
    match seen.error.as_deref() {
        _ if seen.succeeded => RunOutcome::Committed,
        Some("CutoverAborted" | "CutoverRefused") => RunOutcome::Aborted,
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

/// What the watcher has been told.
#[derive(Default)]
struct Shown {
    entered: usize,
    left: usize,
    waits: usize,
    running: Option<String>,
    predicted: bool,
}

impl Shown {
    fn stages(&mut self, stages: &[StageRun], watcher: &dyn Watcher) {
        for (index, stage) in stages.iter().enumerate() {
            if index >= self.entered {
                watcher.entered(&stage.name);
                self.entered = index + 1;
            }
            if index >= self.left && !stage.running {
                watcher.left(stage);
                self.left = index + 1;
            }
        }
        self.running = stages
            .last()
            .filter(|stage| stage.running)
            .map(|stage| stage.name.clone());
    }

    fn prediction(&mut self, document: Option<&Value>, watcher: &dyn Watcher) {
        let figure = document.and_then(|results| output_figure(results, "lag_wait", "predicted_pause_ms"));
        if let Some(pause) = figure.filter(|_| !self.predicted) {
            self.predicted = true;
            watcher.predicts(pause);
        }
    }

    /// The journal's lines about waiting that are new.
    fn waits(&mut self, journal: &[JournalLine], watcher: &dyn Watcher) {
        let waits: Vec<&JournalLine> = journal.iter().filter(|line| line.event == "waiting").collect();
        for line in waits.iter().skip(self.waits) {
            watcher.waits(LAG_WAIT, line.detail["reason"].as_str().unwrap_or_default());
        }
        self.waits = waits.len();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

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
    fn the_document_of_a_run_has_the_predicted_and_the_measured_pause() {
        let output = |name: &str, value: u64| json!({ "result": { "output": { name: value } } });
        let run = RunRecord {
            outcome: RunOutcome::Committed,
            results: json!({
                "lag_wait": output("predicted_pause_ms", 180),
                "final_sync": output("pause_ms", 171),
            }),
            ..RunRecord::unobserved("shop-1", Direction::Forward, UnixMillis(1), String::new())
        };
        let document = run.document();
        assert_eq!(
            (
                &document["predicted_pause_ms"],
                &document["pause_ms"],
                &document["outcome"]
            ),
            (&json!(180), &json!(171), &json!("committed"))
        );
    }

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Lines {
        fn add(&self, line: String) {
            self.0.lock().unwrap().push(line);
        }
    }

    impl Watcher for Lines {
        fn entered(&self, state: &str) {
            self.add(format!("> {state}"));
        }
        fn waits(&self, state: &str, reason: &str) {
            self.add(format!("~ {state} {reason}"));
        }
        fn left(&self, stage: &StageRun) {
            self.add(format!("< {}", stage.name));
        }
        fn predicts(&self, pause: Millis) {
            self.add(format!("{pause} ms"));
        }
    }

    fn stage(name: &str, running: bool) -> StageRun {
        StageRun {
            name: name.to_owned(),
            duration: Millis(1),
            outcome: "done",
            entered_at: UnixMillis(0),
            running,
        }
    }

    #[test]
    fn each_stage_and_each_wait_is_told_once() {
        let (mut shown, lines) = (Shown::default(), Lines::default());
        let wait = |reason: &str| JournalLine {
            stage: "lag-wait".to_owned(),
            event: "waiting".to_owned(),
            at_ms: UnixMillis(0),
            detail: json!({ "reason": reason }),
        };
        shown.stages(&[stage("PreCheck", true)], &lines);
        shown.stages(&[stage("PreCheck", false), stage(LAG_WAIT, true)], &lines);
        shown.waits(&[wait("a")], &lines);
        shown.waits(&[wait("a"), wait("b")], &lines);
        shown.stages(&[stage("PreCheck", false), stage(LAG_WAIT, false)], &lines);
        let document = json!({ "lag_wait": { "result": { "output": { "predicted_pause_ms": 120 } } } });
        for document in [None, Some(&document), Some(&document)] {
            shown.prediction(document, &lines);
        }
        let told = lines.0.lock().unwrap().join(", ");
        assert_eq!(
            told,
            "> PreCheck, < PreCheck, > LagWait, ~ LagWait a, ~ LagWait b, < LagWait, 120 ms"
        );
        assert_eq!(shown.running, None);
    }
}
