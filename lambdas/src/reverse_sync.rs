//! reverse-sync: reverse replication. The stream is prepared before the pause and started after the commit,
//! from a position before the first application write on the new writer.

use async_trait::async_trait;
use crossover_core::{
    Millis, Position, Stage, StageContext, StageError, StageName, Stream,
    catalogue::TableName,
    catch_up::wait_for_marker,
    polling::Polling,
    ports::{MarkerError, NewStream, PortError, StreamState},
};
use serde::{Deserialize, Serialize};

/// Time between two reads of a stream's state.
const POLL_EVERY: Millis = Millis(50);
/// How long a stream may take to stop or to carry its first marker: some engines need a few minutes.
const TIMEOUT: Millis = Millis(300_000);

pub struct ReverseSync;

/// The part of the work that an invocation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Before the pause: retains a position and creates the stream, which does not run yet.
    Prepare,
    /// After the commit: stops the old stream, starts reverse replication and sends a catch-up marker through
    /// it.
    Start,
    /// After a rollback: removes the stream that carried it, and its retained position.
    Retire,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub step: Step,
    /// For `start`: the position that final-sync recorded for reverse replication.
    #[serde(default)]
    pub reverse_from: Option<Position>,
}

#[derive(Debug, Default, Serialize)]
pub struct Output {
    /// The stream, as its engine names it.
    pub stream: String,
    /// The retained position that the stream reads from.
    pub retained: String,
    pub position: Option<Position>,
    /// Milliseconds that a catch-up marker took through reverse replication.
    pub marker_ms: Option<Millis>,
}

#[async_trait]
impl Stage for ReverseSync {
    const NAME: StageName = StageName::new("reverse-sync");
    const PURPOSE: &'static str = "Prepares reverse replication before the pause, starts it after the commit, retires it after a rollback.";
    const PUTS_BACK: &'static str =
        "Removes the stream and the retained position of reverse replication, unless another run needs them.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        match input.step {
            Step::Prepare => prepare(ctx).await,
            Step::Start => start(ctx, input.reverse_from).await,
            Step::Retire => retire(ctx).await,
        }
    }

    /// All runs of a migration share the stream and the retained position. They stay if another run has armed
    /// the lane, or if a commit has been made in the meantime.
    async fn undo(&self, ctx: &StageContext) -> Result<Vec<String>, StageError> {
        let lane = ctx.lane.read().await?;
        if lane.writer != ctx.direction.old_writer() || !(lane.phase.is_serving() || ctx.is_ours(&lane)) {
            return Ok(Vec::new());
        }
        let mut removed = Vec::new();
        let stream = ctx.reverse_stream();
        if ctx.replication.health(stream).await?.is_some() {
            stop(ctx, stream).await?;
            ctx.replication.remove(stream).await?;
            removed.push(ctx.replication.name(stream));
        }
        let retained = ctx.reverse_position();
        ctx.new_writer.writes.release_position(&retained).await?;
        removed.push(format!("retained position {retained}"));
        Ok(removed)
    }
}

/// From here on the new writer keeps every change. Retaining a position waits for the oldest open
/// transaction, so this step runs before the pause.
async fn prepare(ctx: &StageContext) -> Result<Output, StageError> {
    let retained = ctx.reverse_position();
    let position = ctx.new_writer.writes.retain_position(&retained).await?;
    let mut tables: Vec<TableName> = ctx
        .new_writer
        .reads
        .tables(&ctx.plan.scope)
        .await?
        .into_iter()
        .filter(|t| !t.partitioned)
        .map(|t| t.table)
        .collect();
    tables.push(TableName::marker());
    let stream = ctx.reverse_stream();
    ctx.replication
        .prepare(&NewStream {
            stream,
            retained: retained.clone(),
            tables,
        })
        .await?;
    wait_for_state(ctx, stream, |state| {
        matches!(
            state,
            StreamState::Ready | StreamState::Stopped | StreamState::Running
        )
    })
    .await?;
    Ok(Output {
        stream: ctx.replication.name(stream),
        retained,
        position: Some(position),
        marker_ms: None,
    })
}

/// Stops the stream that carried the cutover, then starts reverse replication after the last change of that
/// stream. Two running streams would replicate each other's changes in a loop.
async fn start(ctx: &StageContext, from: Option<Position>) -> Result<Output, StageError> {
    let from = from.ok_or_else(|| StageError::NoReverseReplication {
        reason: "input.reverse_from is missing; take it from the output of final-sync".to_owned(),
    })?;
    stop(ctx, ctx.stream()).await?;
    let (stream, retained) = (ctx.reverse_stream(), ctx.reverse_position());
    let running = |state: &StreamState| *state == StreamState::Running;
    // An earlier invocation may have started the stream without seeing the answer. Such a stream reads from
    // its position, which can no longer be advanced.
    let started = |state: &StreamState| matches!(state, StreamState::Starting | StreamState::Running);
    let already = ctx
        .replication
        .health(stream)
        .await?
        .is_some_and(|t| started(&t.state));
    if !already {
        ctx.new_writer.writes.advance_position(&retained, &from).await?;
        ctx.replication.start(stream, Some(&from)).await?;
    }
    wait_for_state(ctx, stream, running).await?;
    let marker_ms = prove(ctx).await?;
    Ok(Output {
        stream: ctx.replication.name(stream),
        retained,
        position: Some(from),
        marker_ms: Some(marker_ms),
    })
}

/// Writes a marker at the new writer and waits until reverse replication has carried it to the old one.
async fn prove(ctx: &StageContext) -> Result<Millis, StageError> {
    let run_id = &ctx.plan.run_id;
    let nonce = format!("{run_id}-back");
    let marker = (run_id.as_str(), nonce.as_str());
    let seen = wait_for_marker(
        &*ctx.new_writer.writes,
        &*ctx.old_writer.writes,
        &*ctx.clock,
        marker,
        TIMEOUT,
    );
    seen.await.map_err(|error| match error {
        PortError::Marker(late @ MarkerError::NotSeen { .. }) => StageError::NoReverseReplication {
            reason: format!(
                "{} runs but carries no changes: {late}",
                ctx.replication.name(ctx.reverse_stream())
            ),
        },
        other => other.into(),
    })
}

/// Removes the stream that carried a rollback, and its retained position. The forward stream stays: Crossover
/// did not create it.
async fn retire(ctx: &StageContext) -> Result<Output, StageError> {
    let stream = ctx.stream();
    let mut retained = String::new();
    if ctx.direction == crossover_core::Direction::Reverse {
        stop(ctx, stream).await?;
        ctx.replication.remove(stream).await?;
        retained = ctx.plan.reverse_position(crossover_core::Direction::Forward);
        ctx.old_writer.writes.release_position(&retained).await?;
    }
    Ok(Output {
        stream: ctx.replication.name(stream),
        retained,
        ..Output::default()
    })
}

/// Stops a stream, if it exists, and waits until it has stopped.
async fn stop(ctx: &StageContext, stream: Stream) -> Result<(), StageError> {
    if ctx.replication.health(stream).await?.is_none() {
        return Ok(());
    }
    ctx.replication.request_stop(stream).await?;
    wait_for_state(ctx, stream, |state| {
        matches!(
            state,
            StreamState::Stopped | StreamState::Ready | StreamState::Failed
        )
    })
    .await
}

/// Stops and removes a stream, and waits until it is gone: some engines need a minute.
pub async fn remove(ctx: &StageContext, stream: Stream) -> Result<(), StageError> {
    stop(ctx, stream).await?;
    ctx.replication.remove(stream).await?;
    if ctx.plan.dry_run {
        return Ok(());
    }
    let mut polling = Polling::new(&*ctx.clock, POLL_EVERY, TIMEOUT);
    while let Some(health) = ctx.replication.health(stream).await? {
        polling.pause().await.map_err(|_| StageError::LeftBehind {
            what: vec![format!("{} is {health}", ctx.replication.name(stream))],
        })?;
    }
    Ok(())
}

async fn wait_for_state(
    ctx: &StageContext,
    stream: Stream,
    reached: impl Fn(&StreamState) -> bool + Send,
) -> Result<(), StageError> {
    let mut polling = Polling::new(&*ctx.clock, POLL_EVERY, TIMEOUT);
    loop {
        let status = ctx.replication.health(stream).await?;
        if status.as_ref().is_some_and(|s| reached(&s.state)) {
            return Ok(());
        }
        let failed = status.as_ref().is_some_and(|s| s.state == StreamState::Failed);
        if failed || polling.pause().await.is_err() {
            let now = status.map_or_else(|| "does not exist".to_owned(), |s| format!("is {s}"));
            return Err(StageError::NoReverseReplication {
                reason: format!("{} {now}", ctx.replication.name(stream)),
            });
        }
    }
}
