//! reverse-sync: reverse replication. Prepared before the pause, started after the commit from a position that misses nothing.

use async_trait::async_trait;
use crossover_core::{
    Lsn, Stage, StageContext, StageError, StageName,
    catalogue::TableName,
    catch_up::{MarkerError, wait_for_marker},
    polling::Polling,
    ports::{CdcTask, PortError, TaskState},
    routing::Side,
};
use serde::{Deserialize, Serialize};

/// Time between two looks at a task.
const LOOK_EVERY_MS: u64 = 50;
/// How long a task may take to stop, and a stream to carry its first marker. DMS needs up to a few minutes.
const TIMEOUT_MS: u64 = 300_000;

/// The stage.
pub struct ReverseSync;

/// Which part is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Before the pause: slot and task are made, the task does not run.
    Prepare,
    /// After the commit: the old stream is stopped, reverse replication runs and a catch-up marker has come through it.
    Start,
    /// After a rollback: the stream that carried it, and its slot, are removed.
    Retire,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub step: Step,
    /// For `start`: where final-sync said reverse replication begins.
    #[serde(default)]
    pub reverse_from: Option<Lsn>,
}

#[derive(Debug, Default, Serialize)]
pub struct Output {
    pub task: String,
    pub slot: String,
    pub position: Option<Lsn>,
    /// Milliseconds a catch-up marker took through reverse replication.
    pub marker_ms: Option<u64>,
}

#[async_trait]
impl Stage for ReverseSync {
    const NAME: StageName = StageName::new("reverse-sync");
    const PURPOSE: &'static str = "Prepares reverse replication before the pause, starts it after the commit, retires it after a rollback.";
    const PUTS_BACK: &'static str =
        "Removes task and slot of reverse replication, unless another run needs them.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        match input.step {
            Step::Prepare => prepare(ctx).await,
            Step::Start => start(ctx, input.reverse_from).await,
            Step::Retire => retire(ctx).await,
        }
    }

    /// Slot and task are named after the migration. Another run that has armed the lane needs them, and so does whoever has
    /// committed in the meantime.
    async fn undo(&self, ctx: &StageContext) -> Result<Vec<String>, StageError> {
        let lane = ctx.lane.read().await?;
        if lane.writer != ctx.direction.old_writer() || !(lane.phase.is_serving() || ctx.is_ours(&lane)) {
            return Ok(Vec::new());
        }
        let mut removed = Vec::new();
        let task = ctx.reverse_stream();
        if ctx.replication.task(task).await?.is_some() {
            stop(ctx, task).await?;
            ctx.replication.delete(task).await?;
            removed.push(format!("replication task {task}"));
        }
        let slot = ctx.reverse_slot();
        ctx.new_writer.drop_slot(&slot).await?;
        removed.push(format!("slot {slot}"));
        Ok(removed)
    }
}

/// The slot keeps everything from now on; making it takes as long as the oldest open transaction, so never in the pause.
async fn prepare(ctx: &StageContext) -> Result<Output, StageError> {
    let replication = &ctx.plan.replication;
    let slot = ctx.reverse_slot();
    let position = ctx
        .new_writer
        .create_slot(&slot, &replication.slot_plugin)
        .await?;
    let (reads, writes) = match ctx.direction.new_writer() {
        Side::Target => (
            &replication.target_endpoints.read_arn,
            &replication.source_endpoints.write_arn,
        ),
        Side::Source => (
            &replication.source_endpoints.read_arn,
            &replication.target_endpoints.write_arn,
        ),
    };
    let mut tables: Vec<TableName> = ctx
        .new_writer
        .tables(&ctx.plan.scope)
        .await?
        .into_iter()
        .filter(|t| !t.partitioned)
        .map(|t| t.table)
        .collect();
    tables.push(TableName::marker());
    let task = ctx.reverse_stream().to_owned();
    ctx.replication
        .create(&CdcTask {
            task: task.clone(),
            replication_instance_arn: replication.replication_instance_arn.clone(),
            source_endpoint_arn: reads.clone(),
            target_endpoint_arn: writes.clone(),
            slot: slot.clone(),
            tables,
        })
        .await?;
    wait_for_state(ctx, &task, |state| {
        matches!(state, TaskState::Ready | TaskState::Stopped | TaskState::Running)
    })
    .await?;
    Ok(Output {
        task,
        slot,
        position: Some(position),
        marker_ms: None,
    })
}

/// Stops the stream that carried the cutover, then starts reverse replication behind the last change that came through it: two
/// running streams would send each other's changes in a circle.
async fn start(ctx: &StageContext, from: Option<Lsn>) -> Result<Output, StageError> {
    let from = from.ok_or_else(|| StageError::NoReverseReplication {
        reason: "final-sync gave no position to start from; input.reverse_from is missing".to_owned(),
    })?;
    stop(ctx, ctx.stream()).await?;
    let (task, slot) = (ctx.reverse_stream().to_owned(), ctx.reverse_slot());
    let running = |state: &TaskState| *state == TaskState::Running;
    // A start whose answer was lost is on its way: the task holds the slot, which can no longer be moved.
    let on_its_way = |state: &TaskState| matches!(state, TaskState::Starting | TaskState::Running);
    let already = ctx
        .replication
        .task(&task)
        .await?
        .is_some_and(|t| on_its_way(&t.state));
    if !already {
        ctx.new_writer.advance_slot(&slot, from).await?;
        ctx.replication.start(&task, Some(from)).await?;
    }
    wait_for_state(ctx, &task, running).await?;
    let marker_ms = prove(ctx).await?;
    Ok(Output {
        task,
        slot,
        position: Some(from),
        marker_ms: Some(marker_ms),
    })
}

/// A marker written at the new writer must come out at the old one.
async fn prove(ctx: &StageContext) -> Result<u64, StageError> {
    let run_id = &ctx.plan.run_id;
    let nonce = format!("{run_id}-back");
    let marker = (run_id.as_str(), nonce.as_str());
    let seen = wait_for_marker(
        &*ctx.new_writer,
        &*ctx.old_writer,
        &*ctx.clock,
        marker,
        TIMEOUT_MS,
    );
    seen.await.map_err(|error| match error {
        PortError::Marker(late @ MarkerError::NotSeen { .. }) => StageError::NoReverseReplication {
            reason: format!("{late}: task {} does not carry it", ctx.reverse_stream()),
        },
        other => other.into(),
    })
}

/// Removes the stream that carried a rollback together with its slot; a forward stream belongs to whoever made it.
async fn retire(ctx: &StageContext) -> Result<Output, StageError> {
    let task = ctx.stream().to_owned();
    let mut slot = String::new();
    if ctx.direction == crossover_core::Direction::Reverse {
        stop(ctx, &task).await?;
        ctx.replication.delete(&task).await?;
        slot = ctx.plan.slot_name(crossover_core::Direction::Forward);
        ctx.old_writer.drop_slot(&slot).await?;
    }
    Ok(Output {
        task,
        slot,
        ..Output::default()
    })
}

async fn stop(ctx: &StageContext, task: &str) -> Result<(), StageError> {
    if ctx.replication.task(task).await?.is_none() {
        return Ok(());
    }
    ctx.replication.request_stop(task).await?;
    wait_for_state(ctx, task, |state| {
        matches!(state, TaskState::Stopped | TaskState::Ready | TaskState::Failed)
    })
    .await
}

async fn wait_for_state(
    ctx: &StageContext,
    task: &str,
    reached: impl Fn(&TaskState) -> bool + Send,
) -> Result<(), StageError> {
    let mut polling = Polling::new(&*ctx.clock, LOOK_EVERY_MS, TIMEOUT_MS);
    loop {
        let status = ctx.replication.task(task).await?;
        if status.as_ref().is_some_and(|s| reached(&s.state)) {
            return Ok(());
        }
        let failed = status.as_ref().is_some_and(|s| s.state == TaskState::Failed);
        if failed || polling.pause().await.is_err() {
            let now = status.map_or_else(
                || "missing".to_owned(),
                |s| format!("{} {}", s.state, s.last_failure.unwrap_or_default()),
            );
            return Err(StageError::NoReverseReplication {
                reason: format!("task {task} is {}", now.trim_end()),
            });
        }
    }
}
