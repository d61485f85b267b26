//! Ends a run before its commit.
//!
//! The lane decides, as everywhere: after its abort no invocation of the run can arm or commit. An execution that
//! is under way notices, and undoes what it has done. If nothing works on the run any more, because its execution
//! was stopped or has failed, a further execution of the same state machine begins with the abort; a run that has
//! committed is rolled forward by it.

use crossover_core::{
    Direction,
    routing::{Command, LaneRecord, Phase, Side},
};
use serde_json::json;

use crate::{
    approval::{self, Decision},
    clients::Clients,
    error::{OperateError, Result},
    kind::Kind,
    run::RunExecution,
    states,
    status::RunUnderWay,
};

/// The error in the input of an execution that recovers a run.
const ASKED: &str = "StoppedByOperator";
/// Longest name of an execution.
const LONGEST_NAME: usize = 80;

/// The execution that ends a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub run: RunExecution,
    /// The execution was started for it; otherwise it is the run's own.
    pub recovers: bool,
}

/// Aborts the run `run_id`; by default the run that is under way, or that the lane is held by.
///
/// # Errors
/// The run has committed, and is under way; nothing is under way and no run was named.
pub async fn abort(clients: &Clients, run_id: Option<&str>) -> Result<Ending> {
    let admin = clients.lane().await?;
    let lane = admin.read().await?;
    let under_way = clients.under_way().await?;
    let run_id = chosen(run_id, under_way.as_ref(), &lane)?;
    let under_way = under_way.filter(|run| run.run_id == run_id);
    let is_ours = lane.run_id.as_deref() == Some(run_id.as_str());
    if is_ours && lane.completed {
        return Err(OperateError::NothingToDo(format!(
            "run {run_id} has ruled out a rollback for good; `crossover complete` goes on where it has stopped"
        )));
    }
    if lane.phase == Phase::Committed && is_ours && under_way.is_some() {
        return Err(OperateError::NothingToDo(format!(
            "run {run_id} has committed, and an abort never undoes a commit; it goes on by itself. Afterwards `crossover rollback` returns to the old writer"
        )));
    }
    let decided =
        is_ours && (lane.phase.is_serving() || matches!(lane.phase, Phase::Committed | Phase::Aborting));
    if !decided {
        let command = Command::Abort {
            run_id: run_id.clone(),
        };
        admin.apply(lane.epoch, command).await?;
    }
    if let Some(own) = under_way {
        // Nothing else would end an execution that waits for a person.
        if own.state.as_deref().is_some_and(states::asks) {
            let question = approval::question(clients, Some(&run_id)).await?;
            approval::answer(clients, &question, Decision::Reject, Some("crossover abort")).await?;
        }
        let run = RunExecution {
            run_id,
            kind: own.kind(),
            arn: own.execution,
        };
        return Ok(Ending { run, recovers: false });
    }
    recover(clients, run_id, &lane).await
}

fn chosen(given: Option<&str>, under_way: Option<&RunUnderWay>, lane: &LaneRecord) -> Result<String> {
    let owner = lane.run_id.as_ref().filter(|_| !lane.phase.is_serving());
    given
        .map(str::to_owned)
        .or_else(|| under_way.map(|run| run.run_id.clone()))
        .or_else(|| owner.cloned())
        .ok_or_else(|| {
            OperateError::NothingToDo(format!(
                "no run of lane {} is under way: the {} serves. To undo what a run has left whose execution was stopped, name it with --run-id",
                lane.lane, lane.writer
            ))
        })
}

async fn recover(clients: &Clients, run_id: String, lane: &LaneRecord) -> Result<Ending> {
    let direction = direction(lane);
    let plan = clients.migration.plan(&run_id, false)?;
    let input = json!({
        "plan": plan,
        "error": { "Error": ASKED, "Cause": "crossover abort: no execution was working on the run" },
    });
    let name = recovery_name(&run_id, lane);
    let machine = clients.migration.machine(direction);
    let arn = clients.runs.machines.start(machine, &name, &input).await?;
    let run = RunExecution {
        run_id,
        kind: Kind::of(direction, false),
        arn,
    };
    Ok(Ending { run, recovers: true })
}

/// The epoch makes each attempt at another state of the lane an execution of its own.
fn recovery_name(run_id: &str, lane: &LaneRecord) -> String {
    let mut name = format!("abort-{}-{run_id}", lane.epoch);
    name.truncate(LONGEST_NAME);
    name
}

/// The direction of the run that the lane is held by, or of any run that could have begun.
fn direction(lane: &LaneRecord) -> Direction {
    match (lane.towards, lane.writer) {
        (Some(Side::Target), _) | (None, Side::Source) => Direction::Forward,
        (Some(Side::Source), _) | (None, Side::Target) => Direction::Reverse,
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::routing::Epoch;

    use super::*;

    #[test]
    fn the_run_that_is_named_counts_then_the_one_under_way_then_the_lanes() {
        let run = RunUnderWay {
            run_id: "b".to_owned(),
            execution: String::new(),
            direction: Direction::Forward,
            completes: false,
            state: None,
        };
        let held = LaneRecord {
            phase: Phase::Hold,
            run_id: Some("c".to_owned()),
            ..LaneRecord::new("main")
        };
        assert_eq!(chosen(Some("a"), Some(&run), &held).unwrap(), "a");
        assert_eq!(chosen(None, Some(&run), &held).unwrap(), "b");
        assert_eq!(chosen(None, None, &held).unwrap(), "c");
        let over = LaneRecord {
            phase: Phase::ServeSource,
            ..held
        };
        let refusal = chosen(None, None, &over).unwrap_err().to_string();
        assert!(
            refusal.contains("lane main") && refusal.contains("--run-id"),
            "{refusal}"
        );
    }

    #[test]
    fn a_recovery_goes_the_way_of_its_run() {
        let lane = |towards, writer| LaneRecord {
            towards,
            writer,
            epoch: Epoch(7),
            ..LaneRecord::new("main")
        };
        for (towards, writer, expected) in [
            (Some(Side::Target), Side::Source, Direction::Forward),
            // Committed.
            (Some(Side::Target), Side::Target, Direction::Forward),
            (Some(Side::Source), Side::Target, Direction::Reverse),
            (None, Side::Source, Direction::Forward),
            (None, Side::Target, Direction::Reverse),
        ] {
            assert_eq!(direction(&lane(towards, writer)), expected);
        }
        let name = recovery_name(&"r".repeat(80), &lane(None, Side::Source));
        assert!(name.starts_with("abort-7-r") && name.len() == LONGEST_NAME);
    }
}
