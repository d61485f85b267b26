//! Starts a run, unless it cannot begin now; or finds the run of that name again.

use crossover_clock::SystemClock;
use crossover_core::{ports::Clock as _, routing::LaneRecord};
use serde_json::json;

use crate::{
    clients::Clients,
    error::{OperateError, Result},
    kind::{COMPLETE, Kind},
    machines::execution_arn,
    run::RunExecution,
};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub kind: Kind,
    pub dry_run: bool,
    /// Default: a new name.
    pub run_id: Option<&'a str>,
}

/// A run that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    pub run: RunExecution,
    /// The run had begun before.
    pub known: bool,
}

/// Begins a run.
///
/// # Errors
/// Another run of the lane is under way, or there is nothing that such a run could do.
pub async fn begin(clients: &Clients, asked: Asked<'_>) -> Result<Begun> {
    let machine = clients.migration.machine(asked.kind.direction());
    let run_id = asked.run_id.map_or_else(
        || clients.migration.new_run_id(asked.kind, SystemClock.now()),
        str::to_owned,
    );
    let run = RunExecution {
        arn: execution_arn(machine, &run_id),
        kind: asked.kind,
        run_id,
    };
    if asked.run_id.is_some() && clients.runs.machines.describe(&run.arn).await?.is_some() {
        return Ok(Begun { run, known: true });
    }
    let plan = clients.migration.plan(&run.run_id, asked.dry_run)?;
    let lane = async { Ok(clients.lane().await?.read().await?) };
    let (lane, under_way) = futures::try_join!(lane, clients.under_way())?;
    if let Some(other) = under_way {
        return Err(OperateError::RunUnderWay {
            lane: plan.lane,
            run: other.run_id,
        });
    }
    can_begin(&lane, asked.kind)?;
    let mut input = json!({ "plan": plan });
    if asked.kind.completes() {
        if lane.completed && clients.streams_left().await?.is_empty() {
            return Err(OperateError::NothingToDo(format!(
                "the migration of lane {} is completed",
                lane.lane
            )));
        }
        input[COMPLETE] = true.into();
    }
    clients.runs.machines.start(machine, &run.run_id, &input).await?;
    Ok(Begun { run, known: false })
}

/// The state machine would refuse too, a little later.
fn can_begin(lane: &LaneRecord, kind: Kind) -> Result<()> {
    if !lane.phase.is_serving() {
        return Err(OperateError::RunUnderWay {
            lane: lane.lane.clone(),
            run: lane
                .run_id
                .clone()
                .unwrap_or_else(|| "(none recorded)".to_owned()),
        });
    }
    if kind.completes() {
        if lane.writer == kind.direction().new_writer() {
            return Ok(());
        }
        return Err(OperateError::NothingToDo(format!(
            "the {} owns the writes of lane {}: only a migration whose target owns them can be completed",
            lane.writer, lane.lane
        )));
    }
    if lane.completed {
        return Err(OperateError::NothingToDo(format!(
            "the migration of lane {} is completed: a rollback is no longer possible",
            lane.lane
        )));
    }
    if lane.writer == kind.direction().new_writer() {
        return Err(OperateError::NothingToDo(format!(
            "the {} already owns the writes of lane {}: there is nothing to do; `crossover status` says what can be done",
            lane.writer, lane.lane
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use Kind::{Completion, Cutover, Rollback};
    use crossover_core::routing::{Phase, Side};

    use super::*;

    #[test]
    fn a_run_begins_only_on_a_lane_that_serves_from_the_other_side() {
        let idle = LaneRecord::new("main");
        can_begin(&idle, Cutover).unwrap();
        let nothing = can_begin(&idle, Completion).unwrap_err().to_string();
        assert!(nothing.contains("only a migration whose target"), "{nothing}");
        let nothing = can_begin(&idle, Rollback).unwrap_err().to_string();
        assert!(
            nothing.contains("the source already owns the writes"),
            "{nothing}"
        );
        let served = LaneRecord {
            phase: Phase::ServeTarget,
            writer: Side::Target,
            ..idle.clone()
        };
        can_begin(&served, Rollback).unwrap();
        can_begin(&served, Completion).unwrap();
        can_begin(&served, Cutover).unwrap_err();
        let completed = LaneRecord {
            completed: true,
            ..served
        };
        can_begin(&completed, Completion).unwrap();
        let nothing = can_begin(&completed, Rollback).unwrap_err().to_string();
        assert!(nothing.contains("a rollback is no longer possible"), "{nothing}");
        let held = LaneRecord {
            phase: Phase::Hold,
            run_id: Some("other".to_owned()),
            ..idle
        };
        let busy = can_begin(&held, Cutover).unwrap_err().to_string();
        assert!(
            busy.contains("other") && busy.contains("crossover abort"),
            "{busy}"
        );
    }
}
