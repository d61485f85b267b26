//! complete: the end of the rollback window. Rules out a rollback at the lane, then removes every stream of the migration and
//! every retained position that Crossover has made, and proves that none is left.
//!
//! The lane decides first, by compare-and-set: a rollback that has armed keeps the migration, and after the completion none can
//! arm. So nothing is removed under a run that needs it. A repetition goes on where the one before has stopped.
//!
//! The old writer stays locked and keeps its access snapshot: a program that still knows its address must not write there.

use async_trait::async_trait;
use crossover_core::{
    Direction, Millis, Stage, StageContext, StageError, StageName, Stream,
    routing::{Command, LaneRecord, Side},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::reverse_sync;

const HOUR: Millis = Millis(3_600_000);

pub struct Complete;

/// The part of the work that an invocation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Says whether the migration can be completed now, and what would be removed. Changes nothing.
    Check,
    /// Rules out a rollback and removes.
    Remove,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub step: Step,
}

#[derive(Debug, Default, Serialize)]
pub struct Output {
    /// The side that owns writes, and will.
    pub writer: Option<Side>,
    /// What is to be removed, or was: streams and retained positions.
    pub removed: Vec<String>,
    /// Retained positions that are not Crossover's and keep changes in the databases: somebody else's, or left by the engine.
    pub others: Vec<String>,
}

#[async_trait]
impl Stage for Complete {
    const NAME: StageName = StageName::new("complete");
    const PURPOSE: &'static str = "Ends the migration after the rollback window: rules out a rollback at the lane, removes every stream and every \
                                   retained position of Crossover, and proves that none is left.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        let lane = ctx.own_lane().await?;
        if !lane.completed {
            require_closable(ctx, &lane)?;
        }
        match input.step {
            Step::Check => Ok(Output {
                writer: Some(lane.writer),
                removed: there(ctx).await?,
                others: others(ctx).await?,
            }),
            Step::Remove => {
                if !lane.completed {
                    let run_id = ctx.plan.run_id.clone();
                    ctx.command(&lane, Command::Complete { run_id }).await?;
                }
                remove(ctx, lane.writer).await
            }
        }
    }
}

/// The lane would take the command, and the rollback window is over.
fn require_closable(ctx: &StageContext, lane: &LaneRecord) -> Result<(), StageError> {
    let command = Command::Complete {
        run_id: ctx.plan.run_id.clone(),
    };
    lane.next(&command, ctx.clock.now())
        .map_err(|refusal| StageError::LaneRefused {
            lane: lane.lane.clone(),
            reason: refusal.to_string(),
        })?;
    let window_h = ctx.plan.rollback_window_h;
    let window = Millis(HOUR.0 * u64::from(window_h));
    // A lane that an older Worker has cut over does not say when; the epoch of time is long ago.
    let since = lane.phase_since_ms.unwrap_or_default();
    let until = since + window;
    let now = ctx.clock.now();
    if now < until {
        return Err(StageError::RollbackWindowOpen {
            left_h: until.since(now).0.div_ceil(HOUR.0),
            window_h,
        });
    }
    Ok(())
}

async fn remove(ctx: &StageContext, writer: Side) -> Result<Output, StageError> {
    let mut removed = Vec::new();
    for stream in Stream::ALL {
        if ctx.replication.health(stream).await?.is_some() {
            reverse_sync::remove(ctx, stream).await?;
            removed.push(ctx.replication.name(stream));
        }
    }
    for (direction, position) in positions(ctx) {
        let database = keeper(ctx, direction);
        if database.writes.retained_positions().await?.contains(&position) {
            database.writes.release_position(&position).await?;
            removed.push(named(&position));
        }
    }
    let left = there(ctx).await?;
    // A dry run leaves everything.
    if !left.is_empty() && !ctx.plan.dry_run {
        return Err(StageError::LeftBehind { what: left });
    }
    let output = Output {
        writer: Some(writer),
        removed,
        others: others(ctx).await?,
    };
    let detail = json!({ "removed": output.removed, "others": output.others });
    ctx.record(Complete::NAME, "completed", detail).await?;
    let text = format!(
        "The migration {} of lane {} is completed: the {writer} owns writes, and a rollback is no longer possible.",
        ctx.plan.migration_id, ctx.plan.lane
    );
    if let Err(error) = ctx.journal.notify("Crossover: migration completed", &text).await {
        tracing::warn!(error = %error, "the notification of the completion could not be sent");
    }
    Ok(output)
}

/// Crossover's retained positions, each with the direction of the runs that make it.
fn positions(ctx: &StageContext) -> [(Direction, String); 2] {
    [Direction::Forward, Direction::Reverse]
        .map(|direction| (direction, ctx.plan.reverse_position(direction)))
}

/// The database that keeps the position of runs in this direction: their new writer.
fn keeper(ctx: &StageContext, direction: Direction) -> &crossover_core::ports::Database {
    if direction == ctx.direction {
        &ctx.new_writer
    } else {
        &ctx.old_writer
    }
}

fn named(position: &str) -> String {
    format!("retained position {position}")
}

/// The streams and retained positions of the migration that exist.
async fn there(ctx: &StageContext) -> Result<Vec<String>, StageError> {
    let mut there = Vec::new();
    for stream in Stream::ALL {
        if ctx.replication.health(stream).await?.is_some() {
            there.push(ctx.replication.name(stream));
        }
    }
    for (direction, position) in positions(ctx) {
        let kept = keeper(ctx, direction).writes.retained_positions().await?;
        if kept.contains(&position) {
            there.push(named(&position));
        }
    }
    Ok(there)
}

/// Retained positions of both databases that Crossover has not made.
async fn others(ctx: &StageContext) -> Result<Vec<String>, StageError> {
    let own = positions(ctx).map(|(_, position)| position);
    let mut others = Vec::new();
    for (side, database) in ctx.sides() {
        let kept = database.writes.retained_positions().await?;
        others.extend(
            kept.into_iter()
                .filter(|name| !own.contains(name))
                .map(|name| format!("{name} on the {side}")),
        );
    }
    Ok(others)
}
