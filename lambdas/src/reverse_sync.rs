//! reverse-sync: reverse replication. Prepared before the pause, started after the commit from a position that misses nothing.

use async_trait::async_trait;
use crossover_core::{
    Position, Stage, StageContext, StageError, StageName, Stream,
    catalogue::TableName,
    catch_up::{MarkerError, wait_for_marker},
    polling::Polling,
    ports::{NewStream, PortError, StreamState},
};
use serde::{Deserialize, Serialize};

/// Time between two looks at a stream.
const LOOK_EVERY_MS: u64 = 50;
/// How long a stream may take to stop, and to carry its first marker: some engines need a few minutes.
const TIMEOUT_MS: u64 = 300_000;

/// The stage.
pub struct ReverseSync;

/// Which part is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Before the pause: a position is retained and the stream is made; the stream does not run.
    Prepare,
    /// After the commit: the old stream is stopped, reverse replication runs and a catch-up marker has come through it.
    Start,
    /// After a rollback: the stream that carried it, and its retained position, are removed.
    Retire,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub step: Step,
    /// For `start`: where final-sync said reverse replication begins.
    #[serde(default)]
    pub reverse_from: Option<Position>,
}

#[derive(Debug, Default, Serialize)]
pub struct Output {
    /// The stream by its engine's name for it.
    pub stream: String,
    /// The retained position it reads from.
    pub retained: String,
    pub position: Option<Position>,
    /// Milliseconds a catch-up marker took through reverse replication.
    pub marker_ms: Option<u64>,
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

    /// Stream and retained position are named after the migration. Another run that has armed the lane needs them, and so does whoever has
    /// committed in the meantime.
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

/// Everything is kept from now on; retaining a position takes as long as the oldest open transaction, so never in the pause.
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

/// Stops the stream that carried the cutover, then starts reverse replication behind the last change that came through it: two
/// running streams would send each other's changes in a circle.
async fn start(ctx: &StageContext, from: Option<Position>) -> Result<Output, StageError> {
    let from = from.ok_or_else(|| StageError::NoReverseReplication {
        reason: "final-sync gave no position to start from; input.reverse_from is missing".to_owned(),
    })?;
    stop(ctx, ctx.stream()).await?;
    let (stream, retained) = (ctx.reverse_stream(), ctx.reverse_position());
    let running = |state: &StreamState| *state == StreamState::Running;
    // A start whose answer was lost is on its way: the stream reads from its position, which can no longer be moved.
    let on_its_way = |state: &StreamState| matches!(state, StreamState::Starting | StreamState::Running);
    let already = ctx
        .replication
        .health(stream)
        .await?
        .is_some_and(|t| on_its_way(&t.state));
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

/// A marker written at the new writer must come out at the old one.
async fn prove(ctx: &StageContext) -> Result<u64, StageError> {
    let run_id = &ctx.plan.run_id;
    let nonce = format!("{run_id}-back");
    let marker = (run_id.as_str(), nonce.as_str());
    let seen = wait_for_marker(
        &*ctx.new_writer.writes,
        &*ctx.old_writer.writes,
        &*ctx.clock,
        marker,
        TIMEOUT_MS,
    );
    seen.await.map_err(|error| match error {
        PortError::Marker(late @ MarkerError::NotSeen { .. }) => StageError::NoReverseReplication {
            reason: format!(
                "{late}: {} does not carry it",
                ctx.replication.name(ctx.reverse_stream())
            ),
        },
        other => other.into(),
    })
}

/// Removes the stream that carried a rollback together with its retained position; a forward stream belongs to whoever made it.
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

async fn wait_for_state(
    ctx: &StageContext,
    stream: Stream,
    reached: impl Fn(&StreamState) -> bool + Send,
) -> Result<(), StageError> {
    let mut polling = Polling::new(&*ctx.clock, LOOK_EVERY_MS, TIMEOUT_MS);
    loop {
        let status = ctx.replication.health(stream).await?;
        if status.as_ref().is_some_and(|s| reached(&s.state)) {
            return Ok(());
        }
        let failed = status.as_ref().is_some_and(|s| s.state == StreamState::Failed);
        if failed || polling.pause().await.is_err() {
            let now = status.map_or_else(
                || "missing".to_owned(),
                |s| format!("{} {}", s.state, s.last_failure.unwrap_or_default()),
            );
            return Err(StageError::NoReverseReplication {
                reason: format!("{} is {}", ctx.replication.name(stream), now.trim_end()),
            });
        }
    }
}
