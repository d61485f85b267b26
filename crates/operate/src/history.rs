//! What the history of an execution says: its states, what each took, and their results.

use crossover_core::{Millis, UnixMillis};
use serde::Serialize;
use serde_json::Value;

/// One event of a history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    pub at: UnixMillis,
    /// The name in the API, such as `TaskStateEntered`.
    pub kind: String,
    /// The state that was entered or left.
    pub state: Option<String>,
    /// The document with which a state was left.
    pub output: Option<Value>,
}

/// One state that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageRun {
    pub name: String,
    pub duration: Millis,
    /// `done` or `failed`.
    pub outcome: &'static str,
    pub entered_at: UnixMillis,
    /// Still worked on.
    pub running: bool,
}

impl Event {
    fn is_task(&self, end: &str) -> bool {
        self.kind.strip_prefix("TaskState") == Some(end)
    }

    /// The execution goes on with another state, or ends.
    fn goes_on(&self) -> bool {
        let ends = ["Succeeded", "Failed", "Aborted", "TimedOut"];
        self.kind.ends_with("StateEntered")
            || self
                .kind
                .strip_prefix("Execution")
                .is_some_and(|end| ends.contains(&end))
    }
}

/// The task states that were entered, in order.
pub fn stages(history: &[Event]) -> Vec<StageRun> {
    let mut stages = Vec::new();
    for (index, event) in history.iter().enumerate() {
        let Some(name) = event.state.as_deref().filter(|_| event.is_task("Entered")) else {
            continue;
        };
        let after = history.get(index + 1..).unwrap_or_default();
        let exit = after
            .iter()
            .take_while(|e| !e.is_task("Entered"))
            .find(|e| e.is_task("Exited") && e.state.as_deref() == Some(name));
        let next = after.iter().find(|e| e.goes_on());
        // A caught error also leaves the state, with the error in its output; the state's own result is
        // missing then.
        let failed = match exit.and_then(|event| event.output.as_ref()) {
            Some(output) => {
                output.get("error").is_some_and(|e| !e.is_null()) && output.get(place(name)).is_none()
            }
            None => true,
        };
        let end = exit.or(next);
        stages.push(StageRun {
            name: name.to_owned(),
            duration: end.map_or(Millis(0), |end| end.at.since(event.at)),
            outcome: if failed { "failed" } else { "done" },
            entered_at: event.at,
            running: next.is_none() && exit.is_none(),
        });
    }
    stages
}

/// The last state document of the execution.
pub fn last_document(history: &[Event]) -> Option<&Value> {
    history.iter().rev().find_map(|event| event.output.as_ref())
}

/// What the stages of a dry run would do, in order.
pub fn planned(history: &[Event], results: &Value) -> Vec<String> {
    let mut planned = Vec::new();
    for stage in stages(history) {
        let steps = results[place(&stage.name)]["result"]["planned"].as_array();
        for step in steps.into_iter().flatten() {
            planned.push(format!("{}: {}", stage.name, step.as_str().unwrap_or_default()));
        }
    }
    planned
}

/// The name under which a state stores its result: `WarmFinalSync` -> `warm_final_sync`.
pub fn place(state: &str) -> String {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(at: u64, kind: &str, state: &str, output: Option<Value>) -> Event {
        Event {
            at: UnixMillis(at),
            kind: kind.to_owned(),
            state: (!state.is_empty()).then(|| state.to_owned()),
            output,
        }
    }

    #[test]
    fn results_are_found_under_the_name_of_their_state() {
        assert_eq!(place("WarmFinalSync"), "warm_final_sync");
        assert_eq!(place("RollForward"), "final_sync");
    }

    #[test]
    fn a_history_says_what_each_stage_took_and_which_one_is_worked_on() {
        let mut history = vec![
            event(0, "ExecutionStarted", "", None),
            event(10, "TaskStateEntered", "PreCheck", None),
            event(
                40,
                "TaskStateExited",
                "PreCheck",
                Some(json!({ "pre_check": { "result": {} } })),
            ),
            event(41, "TaskStateEntered", "LagWait", None),
        ];
        let seen = stages(&history);
        let told: Vec<_> = seen
            .iter()
            .map(|s| (s.name.as_str(), s.duration.0, s.outcome, s.running))
            .collect();
        assert_eq!(
            told,
            [("PreCheck", 30, "done", false), ("LagWait", 0, "failed", true)]
        );
        history.push(event(91, "ExecutionAborted", "", None));
        let stopped = stages(&history);
        assert_eq!((stopped[1].duration.0, stopped[1].running), (50, false));
    }

    #[test]
    fn a_caught_error_is_a_failed_stage() {
        let output = json!({ "error": { "Error": "TooBusy" } });
        let history = [
            event(0, "TaskStateEntered", "LagWait", None),
            event(7, "TaskStateExited", "LagWait", Some(output.clone())),
            event(8, "FailStateEntered", "Refused", None),
        ];
        let seen = stages(&history);
        assert_eq!((seen[0].outcome, seen[0].duration.0), ("failed", 7));
        assert_eq!(last_document(&history), Some(&output));
    }
}
