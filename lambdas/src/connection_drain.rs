//! connection-drain: from live traffic to a source on which provably nobody writes.
//!
//! The edge holds writes from `hold_at_ms` on; then transactions in flight end, writers are locked out, their sessions end,
//! and two looks in a row must find nobody. The edge is courtesy, the lock in the database is correctness.

use async_trait::async_trait;
use crossover_core::{
    Stage, StageContext, StageError, StageName,
    polling::Polling,
    ports::{PortError, WriterSample},
    routing::{Command, LaneRecord, Millis, Phase, UnixMillis},
    stage::UndoTime,
};
use serde::{Deserialize, Serialize};

/// Time between arming and holding beyond the lease: the way of the command and clocks that differ a little.
const ARM_MARGIN_MS: u64 = 250;
/// Time between two looks at the database.
const LOOK_EVERY_MS: u64 = 5;

/// The stage.
pub struct ConnectionDrain;

/// It needs nothing beside the plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {}

/// What it found and how long its parts took.
#[derive(Debug, Serialize)]
pub struct Output {
    pub hold_at_ms: UnixMillis,
    pub hold_deadline_ms: UnixMillis,
    pub locked_roles: Vec<String>,
    pub sessions_ended: u32,
    /// Milliseconds from the hold until no transaction was in flight (or the grace was over).
    pub in_flight_ms: Millis,
    /// Milliseconds from the hold until the lock was committed.
    pub lock_ms: Millis,
    /// Milliseconds from the hold until two looks in a row found no writer.
    pub drained_ms: Millis,
    /// When the stage was done.
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
        let lane = held_lane(ctx).await?;
        let hold_at_ms = lane.hold_at_ms.unwrap_or_default();
        let since_hold = || ctx.clock.now().since(hold_at_ms);

        let locking = async {
            let report = ctx.old_writer.lock(&ctx.plan.scope, &ctx.plan.run_id).await?;
            Ok::<_, StageError>((report, since_hold()))
        };
        let settling = async {
            wait_for_transactions(ctx, hold_at_ms.0).await?;
            Ok::<_, StageError>(since_hold())
        };
        // NOLOGIN does not disturb sessions that exist, so the lock can be made while transactions end.
        let ((report, lock_ms), in_flight_ms) = futures::try_join!(locking, settling)?;
        // Beside the ending of sessions: clients do not pay for this look.
        let (sessions_ended, ()) =
            futures::try_join!(end_writers(ctx, hold_at_ms.0), keep_lock_if_held(ctx))?;
        Ok(Output {
            hold_at_ms,
            hold_deadline_ms: lane.hold_deadline_ms.unwrap_or_default(),
            locked_roles: report.roles,
            sessions_ended,
            in_flight_ms,
            lock_ms,
            drained_ms: since_hold(),
            drained_at_ms: ctx.clock.now(),
        })
    }

    /// Unlocks exactly what this run locked. Forbidden before the abort has won the lane: see the abort stage.
    async fn undo(&self, ctx: &StageContext) -> Result<Vec<String>, StageError> {
        let roles = ctx.old_writer.restore(&ctx.plan.run_id).await?;
        Ok(roles.into_iter().map(|role| format!("role {role}")).collect())
    }
}

/// Brings the lane to `hold`: arms it, waits for the scheduled moment, declares it. Goes on from wherever an earlier
/// invocation of the same run stopped.
async fn held_lane(ctx: &StageContext) -> Result<LaneRecord, StageError> {
    let mut lane = ctx.own_lane().await?;
    if ctx.has_committed(&lane) {
        return Err(StageError::AlreadyCommitted { lane: lane.lane });
    }
    if matches!(lane.phase, Phase::ServeSource | Phase::ServeTarget) {
        if lane.writer != ctx.direction.old_writer() {
            let reason = format!("its writer is {} already", lane.writer);
            return Err(StageError::LaneRefused {
                lane: lane.lane,
                reason,
            });
        }
        refuse_unstoppable(&ctx.old_writer.writers().await?)?;
        let hold_at_ms = ctx.clock.now() + lane.lease_ttl_ms + Millis(ARM_MARGIN_MS);
        let arm = Command::Arm {
            run_id: ctx.plan.run_id.clone(),
            towards: ctx.direction.new_writer(),
            hold_at_ms,
            hold_deadline_ms: hold_at_ms + Millis(ctx.plan.limits.hold_ms),
        };
        lane = ctx.command(&lane, arm).await?;
    }
    if lane.phase == Phase::Armed {
        require_reverse_replication(ctx).await?;
        let wait = lane.hold_at_ms.unwrap_or_default().since(ctx.clock.now());
        ctx.clock.sleep_ms(wait.0).await;
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
            reason: format!("it is {other}, not hold"),
        }),
    }
}

/// Reverse replication is still there. Another run of the migration that aborted before this one armed the lane may have removed it; once
/// the lane is armed nobody else does.
async fn require_reverse_replication(ctx: &StageContext) -> Result<(), StageError> {
    let task = ctx.reverse_stream();
    if ctx.replication.task(task).await?.is_some() {
        return Ok(());
    }
    Err(StageError::NoReverseReplication {
        reason: format!("task {task} is gone: another run of this migration has removed it"),
    })
}

/// The abort may have won while the lock was on its way: it found nothing to restore and the lane serves again. A lock made then
/// is nobody's, so whoever made it takes it back.
async fn keep_lock_if_held(ctx: &StageContext) -> Result<(), StageError> {
    let lane = ctx.own_lane().await?;
    if lane.phase == Phase::Hold {
        return Ok(());
    }
    if ctx.has_committed(&lane) || lane.writer != ctx.direction.old_writer() {
        return Err(StageError::AlreadyCommitted { lane: lane.lane });
    }
    ctx.old_writer.restore(&ctx.plan.run_id).await?;
    Err(StageError::LaneAborted { lane: lane.lane })
}

/// Prepared transactions and superusers pass every lock there is.
fn refuse_unstoppable(sample: &WriterSample) -> Result<(), StageError> {
    if !sample.prepared.is_empty() {
        return Err(StageError::PreparedTransactions {
            gids: sample.prepared.clone(),
        });
    }
    if !sample.superuser_sessions.is_empty() {
        return Err(StageError::SuperuserWriter {
            who: sample.superuser_sessions.clone(),
        });
    }
    Ok(())
}

/// Waits until no application transaction runs: requests forwarded just before the hold get the settling time to
/// arrive, and all of them the grace to end. Whoever is still there then is ended with its session.
async fn wait_for_transactions(ctx: &StageContext, hold_at_ms: u64) -> Result<(), PortError> {
    let limits = &ctx.plan.limits;
    let (clock, settled) = (&*ctx.clock, hold_at_ms + limits.drain_settle_ms);
    let grace_ms = (hold_at_ms + limits.drain_grace_ms).saturating_sub(clock.now_ms());
    let mut polling = Polling::new(clock, LOOK_EVERY_MS, grace_ms);
    while ctx.old_writer.in_flight().await? > 0 || clock.now_ms() < settled {
        if polling.pause().await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Ends writers' sessions until two looks in a row find no writer, no prepared transaction and no undone lock.
async fn end_writers(ctx: &StageContext, hold_at_ms: u64) -> Result<u32, StageError> {
    let clock = &*ctx.clock;
    let limit_ms = (hold_at_ms + ctx.plan.limits.drain_ms).saturating_sub(clock.now_ms());
    let mut polling = Polling::new(clock, LOOK_EVERY_MS, limit_ms);
    let mut ended = 0;
    let mut clean_looks = 0;
    loop {
        ended += ctx.old_writer.end_sessions().await?;
        let sample = ctx.old_writer.writers().await?;
        refuse_unstoppable(&sample)?;
        clean_looks = if sample.is_clean() { clean_looks + 1 } else { 0 };
        if clean_looks == 2 {
            return Ok(ended);
        }
        if polling.pause().await.is_err() {
            let mut who = sample.sessions;
            who.extend(
                sample
                    .unlocked_roles
                    .into_iter()
                    .map(|role| format!("role {role} was given back its login")),
            );
            return Err(StageError::WritersRemain {
                waited_ms: clock.now_ms().saturating_sub(hold_at_ms),
                who,
            });
        }
    }
}
