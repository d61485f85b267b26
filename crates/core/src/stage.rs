//! What a stage is: one step of a cutover, with its undo beside it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Direction, Plan, StageError, World, routing::Phase};

/// The stages, by the name of their Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    PreCheck,
    LagWait,
    Validate,
    ReverseSync,
    ConnectionDrain,
    FinalSync,
    Abort,
    Rollback,
}

impl StageName {
    /// All stages, in the order a reader meets them.
    pub const ALL: &'static [Self] = &[
        Self::PreCheck,
        Self::LagWait,
        Self::Validate,
        Self::ReverseSync,
        Self::ConnectionDrain,
        Self::FinalSync,
        Self::Abort,
        Self::Rollback,
    ];

    /// Name of the Lambda, its package folder and its binary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreCheck => "pre-check",
            Self::LagWait => "lag-wait",
            Self::Validate => "validate",
            Self::ReverseSync => "reverse-sync",
            Self::ConnectionDrain => "connection-drain",
            Self::FinalSync => "final-sync",
            Self::Abort => "abort",
            Self::Rollback => "rollback",
        }
    }
}

impl std::fmt::Display for StageName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What Step Functions sends to a stage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation<I> {
    pub plan: Plan,
    #[serde(default)]
    pub direction: Direction,
    pub input: I,
}

/// One step of a cutover.
///
/// `run` can be repeated after a crash at any point and ends as if it had run once. `undo` puts back what `run` changed,
/// from any point of `run` and when it never ran; the abort stage calls it, and only after it has won the lane.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Which stage it is.
    const NAME: StageName;
    /// The phase the lane is in when this stage starts: what a dry run takes for given. None: the lane as it is.
    const ENTERS_IN: Option<Phase> = None;

    /// The stage ends while writes are held. Nothing that can wait is done then: the next stage's first journal entry also says
    /// that this one is done.
    const ENDS_IN_PAUSE: bool = false;

    /// What it needs beside the plan.
    type Input: DeserializeOwned + Send + Sync;
    /// What it leaves for later stages and the report.
    type Output: Serialize + Send;

    /// Does the work.
    async fn run(&self, world: &World, input: Self::Input) -> Result<Self::Output, StageError>;

    /// Puts back what `run` changed. Default: it changes nothing.
    async fn undo(&self, _world: &World) -> Result<(), StageError> {
        Ok(())
    }
}
