//! What proves a run: everything that AWS and the edge still know of it, as files for `crossover-evidence`.

use std::{collections::BTreeMap, fmt::Display};

use crossover_clock::SystemClock;
use crossover_core::{Direction, UnixMillis, ports::Clock as _};
use crossover_evidence::{Evidence, Run, redacted};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    clients::Clients,
    error::{OperateError, Result},
    history::Event,
    kind::{COMPLETE, Kind},
    machines::{Execution, execution_arn},
    run::{RunExecution, RunOutcome, RunRecord, record},
};

/// The evidence of a run, and what could not be collected, with the reasons.
#[derive(Debug)]
pub struct Collected {
    pub evidence: Evidence,
    pub missing: Vec<String>,
}

/// Collects the evidence of a run that the state machines know.
///
/// # Errors
/// No state machine of the migration has a run of this name, or AWS cannot be asked.
pub async fn collect(clients: &Clients, run_id: &str) -> Result<Collected> {
    let (run, execution) = find(clients, run_id).await?;
    let history = clients.runs.machines.history(&run.arn).await?;
    let journal = clients.runs.journal.lines(run_id).await?;
    let known = record(&run, &execution, &history, &journal);
    let audit = async { Ok::<_, OperateError>(clients.lane().await?.audit().await?) };
    let (audit, status, definition) = futures::join!(
        audit,
        clients.status(),
        clients.runs.machines.definition(&run.arn)
    );
    let plan = &execution.input["plan"];
    let text = |name: &str| plan[name].as_str().unwrap_or_default().to_owned();
    let about = Run {
        run_id: run_id.to_owned(),
        migration_id: text("migration_id"),
        lane: text("lane"),
        direction: run.kind.direction(),
        outcome: outcome(&execution, &known),
        began_at: timestamp(execution.started_at),
        ended_at: ended(&execution, &history).map(timestamp),
        collected_at: timestamp(SystemClock.now()),
    };
    let mut collected = Collected {
        evidence: Evidence {
            run: about,
            files: BTreeMap::new(),
        },
        missing: Vec::new(),
    };
    let versions = json!({ "crossover": env!("CARGO_PKG_VERSION") });
    for (name, content) in [
        ("plan.json", plan.clone()),
        ("execution.json", described(&run.arn, &execution)),
        ("history.json", json!(history)),
        ("run.json", known.document()),
        ("results.json", known.results.clone()),
        ("journal.json", json!(journal)),
        ("versions.json", versions),
    ] {
        collected.add(name, name, Ok(content));
    }
    collected.add("lane-audit.json", "the lane's audit log", content(audit));
    collected.add("status.json", "the status of the lane", content(status));
    collected.add(
        "state-machine.json",
        "the definition of the state machine",
        content(definition),
    );
    Ok(collected)
}

impl Collected {
    /// Adds a file without secrets, or notes why there is none of `what` it would hold.
    pub fn add(&mut self, name: &str, what: &str, content: Result<Value, String>) {
        match content {
            Ok(content) => {
                let text = serde_json::to_string_pretty(&redacted(content)).unwrap_or_default();
                let files = &mut self.evidence.files;
                files.insert(name.to_owned(), format!("{text}\n").into_bytes());
            }
            Err(reason) => self.missing.push(format!("{what}: {reason}")),
        }
    }
}

async fn find(clients: &Clients, run_id: &str) -> Result<(RunExecution, Execution)> {
    for direction in [Direction::Forward, Direction::Reverse] {
        let arn = execution_arn(clients.migration.machine(direction), run_id);
        if let Some(execution) = clients.runs.machines.describe(&arn).await? {
            let run = RunExecution {
                run_id: run_id.to_owned(),
                kind: Kind::of(direction, execution.input.get(COMPLETE).is_some()),
                arn,
            };
            return Ok((run, execution));
        }
    }
    Err(OperateError::UnknownRun(run_id.to_owned()))
}

/// What is stored of an answer, or why there is none.
fn content<T: Serialize, E: Display>(answer: Result<T, E>) -> Result<Value, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    serde_json::to_value(answer).map_err(|error| error.to_string())
}

fn described(arn: &str, execution: &Execution) -> Value {
    json!({
        "arn": arn,
        "status": execution.status,
        "error": execution.error,
        "cause": execution.cause,
        "started_at_ms": execution.started_at,
        "output": execution.output,
    })
}

fn outcome(execution: &Execution, run: &RunRecord) -> String {
    if execution.running {
        return "running".to_owned();
    }
    if run.completes && run.outcome == RunOutcome::Committed {
        return "completed".to_owned();
    }
    let word = json!(run.outcome);
    word.as_str().unwrap_or_default().to_owned()
}

fn ended(execution: &Execution, history: &[Event]) -> Option<UnixMillis> {
    history
        .last()
        .filter(|_| !execution.running)
        .map(|event| event.at)
}

fn timestamp(at: UnixMillis) -> jiff::Timestamp {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}
