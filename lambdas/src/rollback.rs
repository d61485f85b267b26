//! rollback: the gate before a rollback. The stage proves that reverse replication runs and that the source
//! is still locked; only then does the same cutover run in the reverse direction.

use async_trait::async_trait;
use crossover_core::{
    Direction, Stage, StageContext, StageError, StageName, ports::StreamState, routing::Phase,
};
use serde::{Deserialize, Serialize};

pub struct Rollback;

/// Empty: the stage needs only the plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {}

#[derive(Debug, Serialize)]
pub struct Output {
    /// The stream that carries changes during the rollback.
    pub stream: String,
    /// The run recorded in the lane: the one whose commit is rolled back.
    pub of_run: Option<String>,
}

#[async_trait]
impl Stage for Rollback {
    const NAME: StageName = StageName::new("rollback");
    const PURPOSE: &'static str =
        "Proves before a rollback that reverse replication runs and that the source is still locked.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, _input: Input) -> Result<Output, StageError> {
        let no = |reason: String| StageError::NoReverseReplication { reason };
        if ctx.direction != Direction::Reverse {
            return Err(no(
                "the run's direction is \"forward\"; start a rollback with direction \"reverse\"".to_owned(),
            ));
        }
        let lane = ctx.own_lane().await?;
        let begun = lane.run_id.as_deref() == Some(ctx.plan.run_id.as_str());
        if lane.phase != Phase::ServeTarget && !begun {
            return Err(no(format!(
                "lane {} is in phase {}; a rollback starts from phase serve_target",
                lane.lane, lane.phase
            )));
        }
        let stream = ctx.replication.name(ctx.stream());
        match ctx.replication.health(ctx.stream()).await? {
            Some(task) if task.state == StreamState::Running => {}
            Some(task) => return Err(no(format!("{stream} is {task}, not running"))),
            None => return Err(no(format!("{stream} does not exist"))),
        }
        if ctx.new_writer.writes.snapshot().await?.is_none() {
            return Err(no(
                "the source has no access snapshot, so it is not locked by a cutover and may have taken writes since the commit"
                    .to_owned(),
            ));
        }
        Ok(Output {
            stream,
            of_run: lane.run_id,
        })
    }
}
