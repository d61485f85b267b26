//! reverse-sync: the way back. Prepared before the pause, started after the commit from a position that misses nothing.

use async_trait::async_trait;
use crossover_core::{
    Position, Stage, StageError, StageName, Stream, World,
    catalogue::{OWN_SCHEMA, TableName},
    ports::{NewStream, StreamState},
};
use serde::{Deserialize, Serialize};

/// Time between two looks at a stream.
const LOOK_EVERY_MS: u64 = 50;
/// How long a stream may take to stop, and to carry its first fence: some engines need a few minutes.
const PATIENCE_MS: u64 = 300_000;

/// The stage.
pub struct ReverseSync;

/// Which part is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Before the pause: a position is retained and the stream is made; the stream does not run.
    Prepare,
    /// After the commit: the old stream is stopped, the way back runs and a fence has come through it.
    Start,
    /// After a rollback: the stream that carried it, and its retained position, are removed.
    Retire,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub step: Step,
    /// For `start`: where final-sync said the way back begins.
    #[serde(default)]
    pub way_back_from: Option<Position>,
}

#[derive(Debug, Default, Serialize)]
pub struct Output {
    /// The stream by its engine's name for it.
    pub stream: String,
    /// The retained position it reads from.
    pub retained: String,
    pub position: Option<Position>,
    /// Milliseconds a fence took through the way back.
    pub fence_ms: Option<u64>,
}

#[async_trait]
impl Stage for ReverseSync {
    const NAME: StageName = StageName::new("reverse-sync");
    const PURPOSE: &'static str = "Prepares reverse replication before the pause, starts it after the commit, retires it after a rollback.";
    const PUTS_BACK: &'static str =
        "Removes the stream and the retained position of reverse replication, unless another run needs them.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, world: &World, input: Input) -> Result<Output, StageError> {
        match input.step {
            Step::Prepare => prepare(world).await,
            Step::Start => start(world, input.way_back_from).await,
            Step::Retire => retire(world).await,
        }
    }

    /// Stream and retained position are named after the migration. Another run that has armed the lane needs them, and so does whoever has
    /// committed in the meantime.
    async fn undo(&self, world: &World) -> Result<Vec<String>, StageError> {
        let lane = world.lane.read().await?;
        if lane.writer != world.direction.from() || !(lane.phase.is_serving() || world.is_ours(&lane)) {
            return Ok(Vec::new());
        }
        let mut removed = Vec::new();
        let stream = world.way_back();
        if world.replication.health(stream).await?.is_some() {
            stop(world, stream).await?;
            world.replication.remove(stream).await?;
            removed.push(world.replication.name(stream));
        }
        let retained = world.reverse_position();
        world.to.writes.release_position(&retained).await?;
        removed.push(format!("retained position {retained}"));
        Ok(removed)
    }
}

/// Everything is kept from now on; retaining a position takes as long as the oldest open transaction, so never in the pause.
async fn prepare(world: &World) -> Result<Output, StageError> {
    let retained = world.reverse_position();
    let position = world.to.writes.retain_position(&retained).await?;
    let mut tables: Vec<TableName> = world
        .to
        .reads
        .tables(&world.plan.scope)
        .await?
        .into_iter()
        .filter(|t| !t.partitioned)
        .map(|t| t.table)
        .collect();
    tables.push(TableName {
        schema: OWN_SCHEMA.to_owned(),
        name: "fence".to_owned(),
    });
    let stream = world.way_back();
    world
        .replication
        .prepare(&NewStream {
            stream,
            retained: retained.clone(),
            tables,
        })
        .await?;
    wait_for_state(world, stream, |state| {
        matches!(
            state,
            StreamState::Ready | StreamState::Stopped | StreamState::Running
        )
    })
    .await?;
    Ok(Output {
        stream: world.replication.name(stream),
        retained,
        position: Some(position),
        fence_ms: None,
    })
}

/// Stops the stream that carried the cutover, then starts the way back behind the last change that came through it: two
/// running streams would send each other's changes in a circle.
async fn start(world: &World, from: Option<Position>) -> Result<Output, StageError> {
    let from = from.ok_or_else(|| StageError::NoWayBack {
        reason: "final-sync gave no position to start from; input.way_back_from is missing".to_owned(),
    })?;
    stop(world, world.stream()).await?;
    let (stream, retained) = (world.way_back(), world.reverse_position());
    let running = |state: &StreamState| *state == StreamState::Running;
    // A start whose answer was lost is on its way: the stream reads from its position, which can no longer be moved.
    let on_its_way = |state: &StreamState| matches!(state, StreamState::Starting | StreamState::Running);
    let already = world
        .replication
        .health(stream)
        .await?
        .is_some_and(|t| on_its_way(&t.state));
    if !already {
        world.to.writes.advance_position(&retained, &from).await?;
        world.replication.start(stream, Some(&from)).await?;
    }
    wait_for_state(world, stream, running).await?;
    let fence_ms = prove(world).await?;
    Ok(Output {
        stream: world.replication.name(stream),
        retained,
        position: Some(from),
        fence_ms: Some(fence_ms),
    })
}

/// A fence written at the new writer must come out at the old one.
async fn prove(world: &World) -> Result<u64, StageError> {
    let began = world.clock.now_ms();
    let nonce = format!("{}-back", world.plan.run_id);
    world.to.writes.raise_fence(&world.plan.run_id, &nonce).await?;
    loop {
        let waited = world.clock.now_ms().saturating_sub(began);
        if world.from.writes.count_fence(&world.plan.run_id, &nonce).await? > 0 {
            return Ok(waited);
        }
        if waited >= PATIENCE_MS {
            return Err(StageError::NoWayBack {
                reason: format!(
                    "fence {nonce} did not come through {}",
                    world.replication.name(world.way_back())
                ),
            });
        }
        world.clock.sleep_ms(LOOK_EVERY_MS).await;
    }
}

/// Removes the stream that carried a rollback together with its retained position; a forward stream belongs to whoever made it.
async fn retire(world: &World) -> Result<Output, StageError> {
    let stream = world.stream();
    let mut retained = String::new();
    if world.direction == crossover_core::Direction::Reverse {
        stop(world, stream).await?;
        world.replication.remove(stream).await?;
        retained = world.plan.reverse_position(crossover_core::Direction::Forward);
        world.from.writes.release_position(&retained).await?;
    }
    Ok(Output {
        stream: world.replication.name(stream),
        retained,
        ..Output::default()
    })
}

async fn stop(world: &World, stream: Stream) -> Result<(), StageError> {
    if world.replication.health(stream).await?.is_none() {
        return Ok(());
    }
    world.replication.request_stop(stream).await?;
    wait_for_state(world, stream, |state| {
        matches!(
            state,
            StreamState::Stopped | StreamState::Ready | StreamState::Failed
        )
    })
    .await
}

async fn wait_for_state(
    world: &World,
    stream: Stream,
    reached: impl Fn(&StreamState) -> bool + Send,
) -> Result<(), StageError> {
    let began = world.clock.now_ms();
    loop {
        let status = world.replication.health(stream).await?;
        if world.plan.dry_run || status.as_ref().is_some_and(|s| reached(&s.state)) {
            return Ok(());
        }
        let failed = status.as_ref().is_some_and(|s| s.state == StreamState::Failed);
        if failed || world.clock.now_ms().saturating_sub(began) >= PATIENCE_MS {
            let now = status.map_or_else(
                || "missing".to_owned(),
                |s| format!("{:?} {}", s.state, s.last_failure.unwrap_or_default()),
            );
            return Err(StageError::NoWayBack {
                reason: format!("{} is {now}", world.replication.name(stream)),
            });
        }
        world.clock.sleep_ms(LOOK_EVERY_MS).await;
    }
}
