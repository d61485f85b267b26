//! final-sync: the proof of catch-up, the sequences, and the one commit.
//!
//! Before the commit every error leads to an abort. After the commit the stage can only go forward; a second
//! invocation after a crash completes the work.

pub(crate) mod pause_log;

use async_trait::async_trait;
use crossover_core::{
    Millis, Position, Stage, StageContext, StageError, StageName,
    catalogue::SequenceFacts,
    catch_up::wait_for_marker,
    ports::AccessSnapshot,
    routing::{Command, LaneRecord, Phase, UnixMillis},
    writers::refuse_any,
};
use serde::{Deserialize, Serialize};

use pause_log::log_pause;

pub struct FinalSync;

/// The part of the work that an invocation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Before the pause: starts the function and connects, so that neither takes time in the pause.
    Warm,
    /// In the pause: proves the catch-up, commits, opens the new writer and releases held writes.
    Commit,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub step: Step,
}

/// The result, and the duration of each part in milliseconds.
#[derive(Debug, Serialize)]
pub struct Output {
    pub committed: bool,
    /// Position on the new writer before its first application write: where reverse replication starts.
    pub reverse_from: Option<Position>,
    pub marker_ms: Millis,
    pub sequences_ms: Millis,
    pub commit_ms: Millis,
    pub open_ms: Millis,
    pub release_ms: Millis,
    /// When the stage began and when held writes were released.
    pub entered_at_ms: UnixMillis,
    pub released_at_ms: UnixMillis,
    /// From the hold to the release: how long writes were held. lag-wait recorded the prediction.
    pub pause_ms: Option<Millis>,
    pub sequences: Vec<SequenceFacts>,
}

#[async_trait]
impl Stage for FinalSync {
    const NAME: StageName = StageName::new("final-sync");
    const PURPOSE: &'static str = "Waits for the catch-up marker, advances sequences, commits, opens the new writer and releases held writes. The pause ends.";
    const ENTERS_IN: Option<Phase> = Some(Phase::Hold);
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        let entered_at_ms = ctx.clock.now();
        let mut output = Output {
            committed: false,
            reverse_from: None,
            marker_ms: Millis(0),
            sequences_ms: Millis(0),
            commit_ms: Millis(0),
            open_ms: Millis(0),
            release_ms: Millis(0),
            entered_at_ms,
            released_at_ms: UnixMillis::default(),
            pause_ms: None,
            sequences: Vec::new(),
        };
        if input.step == Step::Warm {
            warm(ctx).await?;
            return Ok(output);
        }

        let facts = async {
            let (snapshot, writers) =
                futures::try_join!(ctx.old_writer.writes.snapshot(), ctx.old_writer.writes.writers())?;
            Ok::<_, StageError>((snapshot, writers))
        };
        // Asked together, because clients wait. Sequences no longer move: connection-drain has locked writers out, and
        // `writers`, which is asked before them, proves it again.
        let (lane, (snapshot, writers), positions) = futures::try_join!(ctx.own_lane(), facts, async {
            Ok(ctx.old_writer.reads.sequences(&ctx.plan.scope).await?)
        })?;
        let snapshot = snapshot.ok_or_else(|| StageError::NotLocked {
            reason: "its database holds no access snapshot of a lock".to_owned(),
        })?;
        let lane = if ctx.has_committed(&lane) {
            lane
        } else {
            require_hold(&lane)?;
            refuse_any(&writers)?;
            prove_and_prepare(ctx, &positions, &mut output).await?;
            let before = ctx.clock.now();
            // THE POINT OF NO RETURN. Before this command every failure aborts the run; after it the run can
            // only go forward.
            let lane = ctx
                .command(
                    &lane,
                    Command::Commit {
                        run_id: ctx.plan.run_id.clone(),
                    },
                )
                .await?;
            output.commit_ms = ctx.clock.now().since(before);
            lane
        };
        output.committed = true;
        go_forward(ctx, &lane, &snapshot, &mut output).await?;
        Ok(output)
    }
}

/// Runs the readings of the pause once. That starts the function, opens its connections or finds out that those of
/// an earlier invocation still work, and lets the servers prepare all statements.
async fn warm(ctx: &StageContext) -> Result<(), StageError> {
    let scope = &ctx.plan.scope;
    futures::try_join!(
        ctx.old_writer.writes.snapshot(),
        ctx.old_writer.writes.writers(),
        ctx.old_writer.reads.sequences(scope),
        ctx.new_writer.reads.sequences(scope),
        ctx.new_writer.reads.current_position(),
        ctx.new_writer.writes.snapshot(),
        ctx.old_writer.writes.prepare_pause(),
        ctx.new_writer.writes.prepare_pause(),
    )?;
    ctx.lane.read().await?;
    Ok(())
}

fn require_hold(lane: &LaneRecord) -> Result<(), StageError> {
    match lane.phase {
        Phase::Hold => Ok(()),
        Phase::Aborting => Err(StageError::LaneAborted {
            lane: lane.lane.clone(),
        }),
        other => Err(StageError::LaneRefused {
            lane: lane.lane.clone(),
            reason: format!("the lane is in phase {other}, not hold: connection-drain has to run first"),
        }),
    }
}

/// Establishes the rest of what a commit requires: the catch-up marker has arrived exactly once, the sequences
/// of the new writer are ahead, and the start position of reverse replication is recorded.
async fn prove_and_prepare(
    ctx: &StageContext,
    positions: &[SequenceFacts],
    output: &mut Output,
) -> Result<(), StageError> {
    let began = ctx.clock.now();
    let marker = async {
        let run_id = &ctx.plan.run_id;
        let nonce = format!("{run_id}-final");
        let limit_ms = ctx.plan.limits.marker_ms;
        let clock = &*ctx.clock;
        let marker_ms = wait_for_marker(
            &*ctx.old_writer.writes,
            &*ctx.new_writer.writes,
            clock,
            (run_id, &nonce),
            limit_ms,
        )
        .await?;
        // Every replicated change is before this position, and every application write is after it.
        Ok::<_, StageError>((marker_ms, reverse_start_position(ctx).await?))
    };
    let sequences = async {
        let moved = move_sequences(ctx, positions).await?;
        Ok::<_, StageError>((moved, ctx.clock.now().since(began)))
    };
    // Sequences no longer move once writers are locked out, so they need not wait for the catch-up marker.
    let ((marker_ms, reverse_from), (moved, sequences_ms)) = futures::try_join!(marker, sequences)?;
    output.marker_ms = marker_ms;
    output.sequences_ms = sequences_ms;
    output.sequences = moved;
    output.reverse_from = Some(reverse_from);
    Ok(())
}

/// Advances every sequence of the new writer beyond the old writer's, and checks the positions that result.
async fn move_sequences(
    ctx: &StageContext,
    positions: &[SequenceFacts],
) -> Result<Vec<SequenceFacts>, StageError> {
    let headroom = ctx.plan.limits.sequence_headroom;
    let moved = ctx
        .new_writer
        .writes
        .advance_sequences(positions, headroom)
        .await?;
    let behind: Vec<String> = positions
        .iter()
        .filter(|old| {
            !moved
                .iter()
                .any(|new| new.schema == old.schema && new.name == old.name && new.follows(old, headroom))
        })
        .map(ToString::to_string)
        .collect();
    if behind.is_empty() {
        Ok(moved)
    } else {
        Err(StageError::SequencesBehind { sequences: behind })
    }
}

/// The position where reverse replication starts: before the first application write on the new writer. It is
/// recorded with a marker in that database, so that a second invocation after a crash finds the same
/// position.
async fn reverse_start_position(ctx: &StageContext) -> Result<Position, StageError> {
    Ok(ctx
        .new_writer
        .writes
        .write_marker(&ctx.plan.run_id, &format!("{}-reverse-start", ctx.plan.run_id))
        .await?)
}

/// After the commit: opens the new writer and releases held writes.
async fn go_forward(
    ctx: &StageContext,
    lane: &LaneRecord,
    snapshot: &AccessSnapshot,
    output: &mut Output,
) -> Result<(), StageError> {
    let began = ctx.clock.now();
    if output.reverse_from.is_none() {
        output.reverse_from = Some(reverse_start_position(ctx).await?);
    }
    ctx.new_writer.writes.open(snapshot).await?;
    let opened = ctx.clock.now();
    output.open_ms = opened.since(began);
    if lane.phase == Phase::Committed {
        ctx.command(
            lane,
            Command::Release {
                run_id: ctx.plan.run_id.clone(),
            },
        )
        .await?;
    }
    output.released_at_ms = ctx.clock.now();
    // A lane that serves again has no time of the hold.
    output.pause_ms = lane
        .hold_at_ms
        .map(|hold_at| output.released_at_ms.since(hold_at));
    if let Some(pause) = output.pause_ms {
        log_pause(pause);
    }
    output.release_ms = output.released_at_ms.since(opened);
    Ok(())
}
