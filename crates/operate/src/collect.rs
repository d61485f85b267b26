//! What proves a run: everything that AWS and the edge still know of it, as files for `crossover-evidence`.

use std::collections::BTreeMap;

use crossover_clock::SystemClock;
use crossover_core::{Direction, UnixMillis, ports::Clock as _};
use crossover_evidence::{Evidence, Run, redacted};
use serde_json::{Value, json};

use crate::{
    error::{OperateError, Result},
    history::Event,
    machines::{Execution, execution_arn},
    run::{RunRecord, record},
    world::World,
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
pub async fn collect(world: &World, run_id: &str) -> Result<Collected> {
    let (direction, arn, execution) = find(world, run_id).await?;
    let history = world.runs.machines.history(&arn).await?;
    let journal = world.runs.journal.lines(run_id).await?;
    let run = RunRecord {
        direction,
        ..record(run_id, &execution, &history, &journal)
    };
    let mut missing = Vec::new();
    let audit = async { Ok::<_, OperateError>(serde_json::to_value(world.lane().await?.audit().await?)) };
    let (audit, standing, definition) =
        futures::join!(audit, world.standing(), world.runs.machines.definition(&arn));
    let mut files = BTreeMap::new();
    let mut add = |name: &str, content: Value| {
        let text = serde_json::to_string_pretty(&redacted(content)).unwrap_or_default();
        files.insert(name.to_owned(), format!("{text}\n").into_bytes());
    };
    add("plan.json", execution.input["plan"].clone());
    add("execution.json", described(&arn, &execution));
    add("history.json", json!(history));
    add("run.json", run.document());
    add("results.json", run.results.clone());
    add("journal.json", json!(journal));
    add("versions.json", json!({ "crossover": env!("CARGO_PKG_VERSION") }));
    let mut optional = |name: &str, what: &str, content: Result<Value, String>| match content {
        Ok(content) => add(name, content),
        Err(reason) => missing.push(format!("{what}: {reason}")),
    };
    let audit = match audit {
        Ok(audit) => audit.map_err(|e| e.to_string()),
        Err(error) => Err(error.to_string()),
    };
    optional("lane-audit.json", "the lane's audit log", audit);
    optional(
        "standing.json",
        "where the lane stands",
        standing
            .map_err(|e| e.to_string())
            .map(|standing| json!(standing)),
    );
    optional(
        "state-machine.json",
        "the definition of the state machine",
        definition.map_err(|e| e.to_string()),
    );
    let plan = &execution.input["plan"];
    let text = |name: &str| plan[name].as_str().unwrap_or_default().to_owned();
    let run = Run {
        run_id: run_id.to_owned(),
        migration_id: text("migration_id"),
        lane: text("lane"),
        direction,
        outcome: outcome(&execution, &run),
        began_at: timestamp(execution.started_at),
        ended_at: ended(&execution, &history).map(timestamp),
        collected_at: timestamp(SystemClock.now()),
    };
    Ok(Collected {
        evidence: Evidence { run, files },
        missing,
    })
}

async fn find(world: &World, run_id: &str) -> Result<(Direction, String, Execution)> {
    for direction in [Direction::Forward, Direction::Reverse] {
        let arn = execution_arn(world.migration.machine(direction), run_id);
        if let Some(execution) = world.runs.machines.describe(&arn).await? {
            return Ok((direction, arn, execution));
        }
    }
    Err(OperateError::NothingToDo(format!(
        "neither state machine of the migration has a run called {run_id}; Step Functions forgets a run 90 days after its end"
    )))
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
