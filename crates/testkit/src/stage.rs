//! Running a stage as its Lambda does: input from JSON, history beside the work, stable error names, sudden ends.

use std::sync::Arc;

use async_trait::async_trait;
use crossover_core::{
    Direction, Plan, Stage, StageContext, StageError, StageName, dry_run, ports::JournalEntry, routing::Phase,
};
use serde_json::{Value, json};

use crate::{executor::mortal, ports, state::Shared};

/// The error name Step Functions gives to a Lambda whose process ended.
pub const PROCESS_ENDED: &str = "Runtime.ExitError";

/// A stage whose input and output are JSON, so that all of them fit into one list.
#[async_trait]
pub trait AnyStage: Send + Sync {
    fn name(&self) -> StageName;
    fn enters_in(&self) -> Option<Phase>;
    fn ends_in_pause(&self) -> bool;
    async fn run_json(&self, ctx: &StageContext, input: Value) -> Result<Value, StageError>;
    async fn undo_it(&self, ctx: &StageContext) -> Result<(), StageError>;
}

#[async_trait]
impl<S: Stage> AnyStage for S {
    fn name(&self) -> StageName {
        S::NAME
    }

    fn enters_in(&self) -> Option<Phase> {
        S::ENTERS_IN
    }

    fn ends_in_pause(&self) -> bool {
        S::ENDS_IN_PAUSE
    }

    async fn run_json(&self, ctx: &StageContext, input: Value) -> Result<Value, StageError> {
        let input = serde_json::from_value(input).map_err(|e| StageError::InvalidPlan {
            faults: vec![e.to_string()],
        })?;
        let output = self.run(ctx, input).await?;
        serde_json::to_value(output).map_err(|e| StageError::Refused(e.to_string()))
    }

    async fn undo_it(&self, ctx: &StageContext) -> Result<(), StageError> {
        self.undo(ctx).await
    }
}

/// How a stage failed, as Step Functions sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub name: String,
    pub text: String,
}

/// One invocation of a stage: a process of its own in the shared system.
pub async fn invoke(
    shared: Shared,
    plan: Plan,
    direction: Direction,
    stage: Arc<dyn AnyStage>,
    input: Value,
) -> Result<Value, Failure> {
    let process = shared.lock().id();
    let ctx = ports::ctx(&shared, process, &plan, direction);
    let work = async {
        let started = ctx.clock.now_ms();
        let (ctx, planned) = if plan.dry_run {
            let (ctx, steps) = dry_run::over(ctx, stage.enters_in());
            (ctx, Some(steps))
        } else {
            (ctx, None)
        };
        let output = with_history(&ctx, &*stage, input).await?;
        Ok::<_, StageError>(json!({
            "stage": stage.name(), "ms": ctx.clock.now_ms() - started, "started_at": started, "output": output,
            "planned": planned.map(|steps| steps.take()).unwrap_or_default(),
        }))
    };
    match mortal(shared.clone(), process, work).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Failure {
            name: error.name().to_owned(),
            text: error.to_string(),
        }),
        Err(died) => Err(Failure {
            name: PROCESS_ENDED.to_owned(),
            text: format!("{died:?}"),
        }),
    }
}

async fn with_history(ctx: &StageContext, stage: &dyn AnyStage, input: Value) -> Result<Value, StageError> {
    let started = note(ctx, stage.name(), "started");
    let ((), outcome) = futures::join!(started, stage.run_json(ctx, input));
    match &outcome {
        Ok(_) if stage.ends_in_pause() => {}
        Ok(_) => note(ctx, stage.name(), "done").await,
        Err(_) => note(ctx, stage.name(), "failed").await,
    }
    outcome
}

async fn note(ctx: &StageContext, stage: StageName, event: &str) {
    let entry = JournalEntry {
        migration_id: ctx.plan.migration_id.clone(),
        run_id: ctx.plan.run_id.clone(),
        lane: ctx.plan.lane.clone(),
        stage: stage.to_string(),
        event: event.to_owned(),
        at_ms: ctx.clock.now(),
        detail: Value::Null,
    };
    // History is not worth a cutover.
    let _ = ctx.journal.append(entry).await;
}
