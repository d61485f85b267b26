//! rollback: the gate of reverse replication. It proves that reverse replication is open before the same cutover runs the other way.

use async_trait::async_trait;
use crossover_core::{
    Direction, Stage, StageContext, StageError, StageName, ports::TaskState, routing::Phase,
};
use serde::{Deserialize, Serialize};

/// The stage.
pub struct Rollback;

/// It needs nothing beside the plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {}

#[derive(Debug, Serialize)]
pub struct Output {
    /// The stream the rollback runs over.
    pub stream: String,
    /// The run whose commit is rolled back, if the lane knows it.
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
            return Err(no("a rollback runs with direction \"reverse\"".to_owned()));
        }
        let lane = ctx.own_lane().await?;
        let begun = lane.run_id.as_deref() == Some(ctx.plan.run_id.as_str());
        if lane.phase != Phase::ServeTarget && !begun {
            return Err(no(format!(
                "lane {} is {}; only a lane served by the target can go back",
                lane.lane, lane.phase
            )));
        }
        let stream = ctx.stream().to_owned();
        match ctx.replication.task(&stream).await? {
            Some(task) if task.state == TaskState::Running => {}
            Some(task) => {
                let why = task.last_failure.unwrap_or_default();
                return Err(no(format!(
                    "reverse replication task {stream} is {}, not running {why}",
                    task.state
                )));
            }
            None => return Err(no(format!("reverse replication task {stream} does not exist"))),
        }
        if ctx.new_writer.snapshot().await?.is_none() {
            return Err(no(
                "the source is not locked by a cutover: somebody may have written to it since".to_owned(),
            ));
        }
        Ok(Output {
            stream,
            of_run: lane.run_id,
        })
    }
}
