//! One run of a state machine, and what is known of it.

use crossover_aws::JournalLine;
use crossover_core::{Direction, ErrorName, Millis, StageError, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use crate::history::StageRun;
use crate::{
    history::{Event, last_document, planned, stages},
    kind::Kind,
    machines::Execution,
};

/// An execution that works on a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunExecution {
    pub run_id: String,
    pub kind: Kind,
    /// ARN of the execution.
    pub arn: String,
}

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
    pub direction: Direction,
    /// The run ends the migration.
    pub completes: bool,
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
            completes: false,
            started_at,
            outcome: RunOutcome::Failed,
            error: None,
            errors: vec![reason],
            stages: Vec::new(),
            results: Value::Null,
            planned: Vec::new(),
        }
    }

    pub const fn kind(&self) -> Kind {
        Kind::of(self.direction, self.completes)
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
            "kind": self.kind().word(),
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
pub(crate) fn output_figure(results: &Value, place: &str, name: &str) -> Option<Millis> {
    results[place]["result"]["output"][name].as_u64().map(Millis)
}

/// What is known of an execution at one time; for an ended one, how it ended.
pub fn record(run: &RunExecution, seen: &Execution, history: &[Event], journal: &[JournalLine]) -> RunRecord {
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
        run_id: run.run_id.clone(),
        direction: run.kind.direction(),
        completes: run.kind.completes(),
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
        Some("CutoverAborted" | "CutoverRefused" | "CutoverNotApproved") => RunOutcome::Aborted,
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

#[cfg(test)]
mod tests {
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
}
