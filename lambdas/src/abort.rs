//! abort: everything back as it was, if and only if the lane was won.
//!
//! The order is the safety: first the decision (compare-and-set, a commit can no longer win), then every stage whose undo is
//! due before held writes are released (the old writer is unlocked), then the release, then the undo of all other stages. Both times
//! the registry is walked from the last stage to the first. Undoing anything without having won the decision is forbidden.

use async_trait::async_trait;
use crossover_core::{
    Registry, Stage, StageContext, StageError, StageName,
    routing::{Command, LaneRecord, Phase},
    stage::UndoTime,
};
use serde::{Deserialize, Serialize};

/// How often the lane may change between reading and commanding before abort gives up.
const ATTEMPTS: u32 = 10;

/// The stage, over the registry whose stages it undoes.
pub struct Abort(pub fn() -> Registry);

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

/// What the undo of one stage has put back.
#[derive(Debug, Serialize)]
pub struct Undone {
    pub stage: StageName,
    pub objects: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    pub outcome: Outcome,
    /// What was put back, by stage, in the order in which it happened.
    pub undone: Vec<Undone>,
    pub error: String,
    pub cause: String,
}

#[async_trait]
impl Stage for Abort {
    const NAME: StageName = StageName::new("abort");
    const PURPOSE: &'static str = "Wins the lane for the abort, then puts back what the stages changed. A committed run is left as it is.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        let Cause { error, cause } = input.cause.unwrap_or_default();
        let lane = match win(ctx).await? {
            Decision::Won(lane) => lane,
            Decision::Lost(outcome) => {
                return Ok(Output {
                    outcome,
                    undone: Vec::new(),
                    error,
                    cause,
                });
            }
        };
        let stages = (self.0)();
        let mut undone = Vec::new();
        undo(ctx, &stages, UndoTime::BeforeRelease, &mut undone).await?;
        if lane.phase == Phase::Aborting {
            let run_id = ctx.plan.run_id.clone();
            ctx.command(&lane, Command::Release { run_id }).await?;
        }
        undo(ctx, &stages, UndoTime::AfterRelease, &mut undone).await?;
        let text = format!(
            "Run {} of lane {} was aborted: {error} {cause}",
            ctx.plan.run_id, ctx.plan.lane
        );
        if let Err(error) = ctx.journal.notify("Crossover: cutover aborted", &text).await {
            tracing::warn!(error = %error, "nobody could be notified");
        }
        Ok(Output {
            outcome: Outcome::Aborted,
            undone,
            error,
            cause,
        })
    }
}

/// Undoes every stage whose undo is due now, from the last to the first. What one stage cannot put back keeps no other from being
/// undone; the first error ends the abort, which is then invoked again.
async fn undo(
    ctx: &StageContext,
    stages: &Registry,
    due: UndoTime,
    undone: &mut Vec<Undone>,
) -> Result<(), StageError> {
    let mut first_error = Ok(());
    for stage in stages.iter().rev().filter(|stage| stage.undo_time() == due) {
        match stage.undo_any(ctx).await {
            Ok(objects) if objects.is_empty() => {}
            Ok(objects) => undone.push(Undone {
                stage: stage.name(),
                objects,
            }),
            Err(error) => first_error = first_error.and(Err(error)),
        }
    }
    first_error
}

/// Who decided.
enum Decision {
    /// No commit of this run can win any more; the lane as it is.
    Won(LaneRecord),
    Lost(Outcome),
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
        let decided = if ctx.is_ours(&lane) {
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
