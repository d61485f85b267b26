//! abort: restores everything the run changed, if and only if the abort wins the lane.
//!
//! The order makes the abort safe: first the decision (by compare-and-set; after it the run cannot commit),
//! then every undo that is due before held writes are released (the old writer is unlocked), then the
//! release, then the undo of all other stages. Each pass goes from the last stage of the registry to the
//! first. Without having won the lane, the abort undoes nothing.

use async_trait::async_trait;
use crossover_core::{
    Registry, Stage, StageContext, StageError, StageName,
    routing::{Command, LaneRecord, Phase},
    stage::UndoTime,
};
use serde::{Deserialize, Serialize};

use crate::final_sync::pause_log::log_pause;

/// How often the lane may change between the read and the command before the abort fails.
const ATTEMPTS: u32 = 10;

/// Undoes the stages of this registry.
pub struct Abort(pub fn() -> Registry);

/// Why the run aborts, as the `Catch` of Step Functions passes it on.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The old writer serves; roles, grants and replication are as before the run.
    Aborted,
    /// The run had already committed. The abort changed nothing; the state machine rolls forward.
    Committed,
    /// Another run has since committed. This run has nothing left to undo; the abort changed nothing.
    Superseded,
}

/// The objects that the undo of one stage has restored.
#[derive(Debug, Serialize)]
pub struct Undone {
    pub stage: StageName,
    pub objects: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Output {
    pub outcome: Outcome,
    /// What was restored, by stage, in the order of the undo.
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
        // Another run that aborts releases what it holds itself.
        if lane.phase == Phase::Aborting && ctx.is_ours(&lane) {
            let run_id = ctx.plan.run_id.clone();
            ctx.command(&lane, Command::Release { run_id }).await?;
            if let Some(hold_at) = lane.hold_at_ms {
                log_pause(ctx.clock.now().since(hold_at));
            }
        }
        undo(ctx, &stages, UndoTime::AfterRelease, &mut undone).await?;
        let text = format!(
            "Run {} of lane {} was aborted: {error} {cause}",
            ctx.plan.run_id, ctx.plan.lane
        );
        if let Err(error) = ctx.journal.notify("Crossover: cutover aborted", &text).await {
            tracing::warn!(error = %error, "the notification of the abort could not be sent");
        }
        Ok(Output {
            outcome: Outcome::Aborted,
            undone,
            error,
            cause,
        })
    }
}

/// Undoes every stage whose undo is due now, from the last to the first. A failed undo does not prevent the
/// others. The first error becomes the error of the abort; the state machine then invokes the abort again.
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

enum Decision {
    /// This run can no longer commit. Holds the lane's current record.
    Won(LaneRecord),
    /// The abort must change nothing.
    Lost(Outcome),
}

/// Wins the lane for the abort. A lane that another run holds, or that is already decided, needs no command:
/// this run cannot commit there. But once the other side is the writer, the access snapshot of this run may
/// be the lock that keeps the old writer closed, so a late abort must not restore it.
async fn win(ctx: &StageContext) -> Result<Decision, StageError> {
    for _ in 0..ATTEMPTS {
        let lane = ctx.lane.read().await?;
        if ctx.has_committed(&lane) {
            return Ok(Decision::Lost(Outcome::Committed));
        }
        if lane.writer != ctx.direction.old_writer() {
            return Ok(Decision::Lost(Outcome::Superseded));
        }
        // A lane that serves gets the command as well: it records that this run has ended, so that a late
        // invocation of the run cannot arm the lane.
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
            // The lane has changed since the read (its deadline, or the commit): read it again.
            Err(StageError::LaneRefused { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Err(StageError::LaneRefused {
        lane: ctx.plan.lane.clone(),
        reason: format!("the lane changed {ATTEMPTS} times while the abort tried to win it"),
    })
}
