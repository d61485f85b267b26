//! connection-drain: ends all application writes on the old writer and proves it.
//!
//! The edge holds writes from `hold_at_ms` on. When no write is in flight any more ([`quiet`]), writers are
//! locked out and their sessions are ended, until two consecutive checks find no writer. The hold at the edge
//! spares clients an error; only the lock in the database guarantees that no write is lost.

mod quiet;

use async_trait::async_trait;
use crossover_core::{
    Stage, StageContext, StageError, StageName,
    polling::Polling,
    routing::{Command, LaneRecord, Millis, Phase, UnixMillis},
    stage::UndoTime,
    writers::refuse_unstoppable,
};
use serde::{Deserialize, Serialize};

/// Time from arming to the hold, in addition to the lease: for the delivery of the command and for
/// differences between clocks. The longer ones are for a command that arrived too late.
const ARM_MARGINS: [Millis; 3] = [Millis(250), Millis(1_000), Millis(4_000)];
/// Time between two checks of the database.
const POLL_EVERY: Millis = Millis(2);

pub struct ConnectionDrain;

/// Empty: the stage needs only the plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {}

#[derive(Debug, Serialize)]
pub struct Output {
    pub hold_at_ms: UnixMillis,
    pub hold_deadline_ms: UnixMillis,
    pub locked_roles: Vec<String>,
    pub sessions_ended: u32,
    /// Milliseconds from the hold until the edge knew of no write in flight.
    pub edge_quiet_ms: Millis,
    /// Milliseconds from the hold until the database ran no transaction from before that.
    pub in_flight_ms: Millis,
    /// Writes that did not end within `limits.drain_grace_ms` and were ended, because the plan asks for it.
    pub stragglers: Vec<String>,
    /// Milliseconds from the hold until the lock was committed.
    pub lock_ms: Millis,
    /// Milliseconds from the hold until two consecutive checks found no writer.
    pub drained_ms: Millis,
    /// When the stage ended.
    pub drained_at_ms: UnixMillis,
}

#[async_trait]
impl Stage for ConnectionDrain {
    const NAME: StageName = StageName::new("connection-drain");
    const PURPOSE: &'static str = "Holds writes at the edge, locks writers out of the old writer and ends their sessions. The pause begins.";
    const PUTS_BACK: &'static str =
        "Unlocks exactly the roles that this run has locked, while writes are still held.";
    const ENDS_IN_PAUSE: bool = true;
    const UNDO_TIME: UndoTime = UndoTime::BeforeRelease;
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, _input: Input) -> Result<Output, StageError> {
        let lane = armed_lane(ctx).await?;
        let hold_at = lane.hold_at_ms.unwrap_or_default();
        let since_hold = || ctx.clock.now().since(hold_at);

        // A write that waits in the application's own pool fails when it meets the lock, so the lock comes
        // after the barrier. The command is sent meanwhile: isolates hold by the schedule.
        let (lane, quiet) = futures::try_join!(hold(ctx, lane), quiet::wait(ctx, hold_at))?;
        let report = ctx.old_writer.writes.lock(&quiet.lock).await?;
        let lock_ms = since_hold();
        // The lane is read while sessions end, so that this check does not lengthen the pause.
        let (sessions_ended, ()) =
            futures::try_join!(end_writers(ctx, hold_at), keep_lock_if_held(ctx, &lane))?;
        Ok(Output {
            hold_at_ms: hold_at,
            hold_deadline_ms: lane.hold_deadline_ms.unwrap_or_default(),
            locked_roles: report.roles,
            sessions_ended,
            edge_quiet_ms: quiet.edge_ms,
            in_flight_ms: quiet.database_ms,
            stragglers: quiet.stragglers,
            lock_ms,
            drained_ms: since_hold(),
            drained_at_ms: ctx.clock.now(),
        })
    }

    /// Unlocks exactly the roles that this run locked. Allowed only after the abort has won the lane: see the
    /// abort stage.
    async fn undo(&self, ctx: &StageContext) -> Result<Vec<String>, StageError> {
        let roles = ctx.old_writer.writes.restore(&ctx.plan.run_id).await?;
        Ok(roles.into_iter().map(|role| format!("role {role}")).collect())
    }
}

/// Arms the lane and waits until `hold_at_ms`. Continues where an earlier invocation of the same run stopped.
async fn armed_lane(ctx: &StageContext) -> Result<LaneRecord, StageError> {
    let mut lane = ctx.own_lane().await?;
    if ctx.has_committed(&lane) {
        return Err(StageError::AlreadyCommitted { lane: lane.lane });
    }
    if matches!(lane.phase, Phase::ServeSource | Phase::ServeTarget) {
        if lane.writer != ctx.direction.old_writer() {
            let reason = format!("the {} is already its writer", lane.writer);
            return Err(StageError::LaneRefused {
                lane: lane.lane,
                reason,
            });
        }
        refuse_unstoppable(&ctx.old_writer.writes.writers().await?)?;
        // Refused here rather than when clients wait.
        ctx.old_writer
            .writes
            .plan_lock(&ctx.plan.scope, &ctx.plan.run_id)
            .await?;
        lane = arm(ctx, &lane).await?;
    }
    if lane.phase == Phase::Armed {
        // Two calls at once, as in the pause: each then finds an open connection to the edge.
        futures::try_join!(ctx.lane.read(), ctx.lane.traffic())?;
        require_reverse_replication(ctx).await?;
        ctx.old_writer.writes.prepare_pause().await?;
        let wait = lane.hold_at_ms.unwrap_or_default().since(ctx.clock.now());
        ctx.clock.sleep(wait).await;
    }
    Ok(lane)
}

/// Commands the hold.
async fn hold(ctx: &StageContext, mut lane: LaneRecord) -> Result<LaneRecord, StageError> {
    if lane.phase == Phase::Armed {
        lane = ctx
            .command(
                &lane,
                Command::Hold {
                    run_id: ctx.plan.run_id.clone(),
                },
            )
            .await?;
    }
    match lane.phase {
        Phase::Hold => Ok(lane),
        Phase::Aborting => Err(StageError::LaneAborted { lane: lane.lane }),
        other => Err(StageError::LaneRefused {
            lane: lane.lane,
            reason: format!("the lane is in phase {other}, not hold"),
        }),
    }
}

/// Arms the lane. A command that arrives too late for its schedule is refused and changes nothing: it is sent
/// again with more time.
async fn arm(ctx: &StageContext, lane: &LaneRecord) -> Result<LaneRecord, StageError> {
    let [first, longer @ ..] = ARM_MARGINS;
    let mut outcome = ctx.command(lane, arm_command(ctx, lane, first)).await;
    for margin in longer {
        if !matches!(outcome, Err(StageError::LaneRefused { .. })) {
            break;
        }
        outcome = ctx.command(lane, arm_command(ctx, lane, margin)).await;
    }
    outcome
}

fn arm_command(ctx: &StageContext, lane: &LaneRecord, margin: Millis) -> Command {
    let hold_at_ms = ctx.clock.now() + lane.lease_ttl_ms + margin;
    Command::Arm {
        run_id: ctx.plan.run_id.clone(),
        towards: ctx.direction.new_writer(),
        hold_at_ms,
        hold_deadline_ms: hold_at_ms + ctx.plan.limits.hold_ms,
        hold: ctx.plan.hold,
    }
}

/// Requires that the stream of reverse replication still exists. Another run of the migration that aborted
/// before this run armed the lane may have removed the stream; once the lane is armed, no other run removes
/// it.
async fn require_reverse_replication(ctx: &StageContext) -> Result<(), StageError> {
    let stream = ctx.reverse_stream();
    if ctx.replication.health(stream).await?.is_some() {
        return Ok(());
    }
    Err(StageError::NoReverseReplication {
        reason: format!(
            "{} no longer exists: another run of this migration has removed it",
            ctx.replication.name(stream)
        ),
    })
}

/// The abort may have won the lane while this invocation was taking the lock. The abort then found nothing to
/// restore, and the lane serves again. No later stage removes such a late lock, so this invocation removes
/// it. Only a newer record than that of the hold says so: an older one comes from an instance of the lane that is no
/// longer the lane, and the run may still commit.
async fn keep_lock_if_held(ctx: &StageContext, held: &LaneRecord) -> Result<(), StageError> {
    let lane = ctx.own_lane().await?;
    if is_still(held, &lane)? {
        return Ok(());
    }
    if ctx.has_committed(&lane) || lane.writer != ctx.direction.old_writer() {
        return Err(StageError::AlreadyCommitted { lane: lane.lane });
    }
    ctx.old_writer.writes.restore(&ctx.plan.run_id).await?;
    Err(StageError::LaneAborted { lane: lane.lane })
}

/// Whether the lane is as this run held it; an error where the answer is older than that.
fn is_still(held: &LaneRecord, answer: &LaneRecord) -> Result<bool, StageError> {
    if answer.epoch < held.epoch {
        return Err(StageError::LaneRefused {
            lane: answer.lane.clone(),
            reason: format!(
                "it answered with epoch {} after it had been at epoch {}",
                answer.epoch, held.epoch
            ),
        });
    }
    Ok(answer.epoch == held.epoch)
}

/// Ends writers' sessions until two consecutive checks find no writer, no prepared transaction and no role
/// that can connect.
async fn end_writers(ctx: &StageContext, hold_at: UnixMillis) -> Result<u32, StageError> {
    let clock = &*ctx.clock;
    let limit = (hold_at + ctx.plan.limits.drain_ms).since(clock.now());
    let mut polling = Polling::new(clock, POLL_EVERY, limit);
    let mut ended = ctx.old_writer.writes.end_sessions().await?;
    let mut clean_samples = 0;
    loop {
        let sample = ctx.old_writer.writes.writers().await?;
        refuse_unstoppable(&sample)?;
        if sample.is_clean() {
            clean_samples += 1;
        } else {
            clean_samples = 0;
            ended += ctx.old_writer.writes.end_sessions().await?;
        }
        if clean_samples == 2 {
            return Ok(ended);
        }
        if polling.pause().await.is_err() {
            return Err(StageError::WritersRemain {
                waited_ms: clock.now().since(hold_at),
                who: sample.who(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossover_core::routing::Epoch;

    /// The run may still commit, so its lock has to stay.
    #[test]
    fn an_older_answer_of_the_lane_is_no_reason_to_remove_the_lock() {
        let at = |epoch| LaneRecord {
            epoch: Epoch(epoch),
            ..LaneRecord::new("main")
        };
        assert_eq!(is_still(&at(3), &at(3)).ok(), Some(true));
        assert_eq!(is_still(&at(3), &at(4)).ok(), Some(false));
        let older = is_still(&at(3), &at(2));
        assert!(matches!(older, Err(StageError::LaneRefused { .. })), "{older:?}");
    }
}
