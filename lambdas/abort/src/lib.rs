//! abort: everything back as it was, if and only if the lane was won.
//!
//! The order is the safety: first the decision (compare-and-set, a commit can no longer win), then the writer's database
//! is unlocked, then held writes go back to it. Unlocking without having won the decision is forbidden.

use async_trait::async_trait;
use connection_drain::ConnectionDrain;
use crossover_core::{
    Stage, StageContext, StageError, StageName,
    routing::{Command, LaneRecord, Phase},
};
use reverse_sync::ReverseSync;
use serde::{Deserialize, Serialize};

/// How often the lane may change between reading and commanding before abort gives up.
const ATTEMPTS: u32 = 10;

/// The stage.
pub struct Abort;

/// Why the run aborts, as Step Functions' Catch hands it over.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    #[serde(default)]
    pub cause: Option<Cause>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cause {
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub cause: String,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The old writer serves; roles, grants and replication are as before.
    Aborted,
    /// The commit was first: nothing was changed, the state machine rolls forward.
    Committed,
    /// Another run has moved the lane on since: nothing of this run is left to put back, and nothing was touched.
    Superseded,
}

#[derive(Debug, Serialize)]
pub struct Output {
    pub outcome: Outcome,
    pub restored_roles: Vec<String>,
    pub error: String,
    pub cause: String,
}

#[async_trait]
impl Stage for Abort {
    const NAME: StageName = StageName::Abort;
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        let Cause { error, cause } = input.cause.unwrap_or_default();
        let lane = match win(ctx).await? {
            Decision::Won(lane) => lane,
            Decision::Lost(outcome) => {
                return Ok(Output {
                    outcome,
                    restored_roles: Vec::new(),
                    error,
                    cause,
                });
            }
        };
        let restored_roles = ctx.old_writer.restore(&ctx.plan.run_id).await?;
        if lane.phase == Phase::Aborting {
            ctx.command(
                &lane,
                Command::Release {
                    run_id: ctx.plan.run_id.clone(),
                },
            )
            .await?;
        }
        // Nobody waits for the rest: traffic flows again. In reverse order of the stages.
        ConnectionDrain.undo(ctx).await?;
        // Slot and task are named after the migration: a run that holds the lane now needs them.
        if lane.phase.is_serving() || is_ours(ctx, &lane) {
            ReverseSync.undo(ctx).await?;
        }
        let text = format!(
            "Run {} of lane {} was aborted: {error} {cause}",
            ctx.plan.run_id, ctx.plan.lane
        );
        if let Err(error) = ctx.journal.notify("Crossover: cutover aborted", &text).await {
            tracing::warn!(error = %error, "nobody could be notified");
        }
        Ok(Output {
            outcome: Outcome::Aborted,
            restored_roles,
            error,
            cause,
        })
    }
}

/// Who decided.
enum Decision {
    /// No commit of this run can win any more; the lane as it is.
    Won(LaneRecord),
    Lost(Outcome),
}

fn is_ours(ctx: &StageContext, lane: &LaneRecord) -> bool {
    lane.run_id.as_deref() == Some(ctx.plan.run_id.as_str())
}

/// Wins the lane for the abort. A lane that another run holds, or that has been decided already, needs no decision: this run
/// cannot have locked anything that counts. But once the lane's writer is the other side, this run's record may be the lock that
/// keeps the old writer shut: a late abort must not open it.
async fn win(ctx: &StageContext) -> Result<Decision, StageError> {
    for _ in 0..ATTEMPTS {
        let lane = ctx.lane.read().await?;
        if ctx.has_committed(&lane) {
            return Ok(Decision::Lost(Outcome::Committed));
        }
        if lane.writer != ctx.direction.old_writer() {
            return Ok(Decision::Lost(Outcome::Superseded));
        }
        // A lane that serves is told as well: this run is over, and an invocation of it that comes late cannot arm it any more.
        let decided = if is_ours(ctx, &lane) {
            !matches!(lane.phase, Phase::Armed | Phase::Hold)
        } else {
            !lane.phase.is_serving()
        };
        if decided {
            return Ok(Decision::Won(lane));
        }
        match ctx
            .command(
                &lane,
                Command::Abort {
                    run_id: ctx.plan.run_id.clone(),
                },
            )
            .await
        {
            Ok(won) => return Ok(Decision::Won(won)),
            // Somebody was quicker (the deadline, the commit): look again.
            Err(StageError::LaneRefused { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Err(StageError::LaneRefused {
        lane: ctx.plan.lane.clone(),
        reason: format!("it changed {ATTEMPTS} times while the abort tried to win it"),
    })
}
