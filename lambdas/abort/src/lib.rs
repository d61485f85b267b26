//! abort: everything back as it was, if and only if the lane was won.
//!
//! The order is the safety: first the decision (compare-and-set, a commit can no longer win), then the writer's database
//! is unlocked, then held writes go back to it. Unlocking without having won the decision is forbidden.

use async_trait::async_trait;
use connection_drain::ConnectionDrain;
use crossover_core::{
    Stage, StageError, StageName, World,
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

    async fn run(&self, world: &World, input: Input) -> Result<Output, StageError> {
        let Cause { error, cause } = input.cause.unwrap_or_default();
        let Some(lane) = win(world).await? else {
            return Ok(Output {
                outcome: Outcome::Committed,
                restored_roles: Vec::new(),
                error,
                cause,
            });
        };
        let restored_roles = world.from.restore(&world.plan.run_id).await?;
        if lane.phase == Phase::Aborting {
            world
                .command(
                    &lane,
                    Command::Release {
                        run_id: world.plan.run_id.clone(),
                    },
                )
                .await?;
        }
        // Nobody waits for the rest: traffic flows again. In reverse order of the stages.
        ConnectionDrain.undo(world).await?;
        ReverseSync.undo(world).await?;
        let text = format!(
            "Run {} of lane {} was aborted: {error} {cause}",
            world.plan.run_id, world.plan.lane
        );
        if let Err(error) = world.journal.notify("Crossover: cutover aborted", &text).await {
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

/// Wins the lane for the abort. None: the commit was first. A lane that other runs hold, or that never left serving, needs no
/// decision: this run cannot have locked anything that counts, or has been decided already.
async fn win(world: &World) -> Result<Option<LaneRecord>, StageError> {
    for _ in 0..ATTEMPTS {
        let lane = world.lane.read().await?;
        let ours = lane.run_id.as_deref() == Some(world.plan.run_id.as_str());
        if world.has_committed(&lane) {
            return Ok(None);
        }
        if !ours || !matches!(lane.phase, Phase::Armed | Phase::Hold) {
            return Ok(Some(lane));
        }
        match world
            .command(
                &lane,
                Command::Abort {
                    run_id: world.plan.run_id.clone(),
                },
            )
            .await
        {
            Ok(won) => return Ok(Some(won)),
            // Somebody was quicker (the deadline, the commit): look again.
            Err(StageError::LaneRefused { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Err(StageError::LaneRefused {
        lane: world.plan.lane.clone(),
        reason: format!("it changed {ATTEMPTS} times while the abort tried to win it"),
    })
}
