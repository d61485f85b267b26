//! What a stage is: one step of a cutover, with its undo beside it.

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{StageContext, StageError, routing::Phase};

/// The name of a stage: of its Lambda, of its handler and, with `_` for `-`, of its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StageName(&'static str);

impl StageName {
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl std::fmt::Display for StageName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// When an abort that has won the lane undoes a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoTime {
    /// While writes are still held: the old writer could not take them otherwise.
    BeforeRelease,
    /// When traffic flows again. Clients do not wait for it.
    AfterRelease,
}

/// One step of a cutover.
///
/// `run` can be repeated after a crash at any point and ends as if it had run once. `undo` puts back what `run` changed,
/// from any point of `run` and when it never ran; the abort stage calls it, and only after it has won the lane.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Which stage it is.
    const NAME: StageName;
    /// What it does, in one sentence for the operator: its line in `docs/stages.md`.
    const PURPOSE: &'static str;
    /// What `undo` puts back, in one sentence for the operator. Empty: nothing.
    const PUTS_BACK: &'static str = "";
    /// The phase the lane is in when this stage starts: what a dry run takes for given. None: the lane as it is.
    const ENTERS_IN: Option<Phase> = None;

    /// The stage ends while writes are held. Nothing that can wait is done then: the next stage's first journal entry also says
    /// that this one is done.
    const ENDS_IN_PAUSE: bool = false;

    /// When `undo` is due in an abort.
    const UNDO_TIME: UndoTime = UndoTime::AfterRelease;

    /// What it needs beside the plan.
    type Input: DeserializeOwned + Send + Sync;
    /// What it leaves for later stages and the report.
    type Output: Serialize + Send;

    /// Does the work.
    async fn run(&self, ctx: &StageContext, input: Self::Input) -> Result<Self::Output, StageError>;

    /// Puts back what `run` changed, and names each object that was put back. Default: `run` changes nothing.
    ///
    /// An abort may come late: an undo that removes what other runs of the migration share reads the lane first.
    async fn undo(&self, _world: &StageContext) -> Result<Vec<String>, StageError> {
        Ok(Vec::new())
    }
}

/// A stage whose input and output are JSON, so that all of them fit into one [`crate::Registry`].
#[async_trait]
pub trait AnyStage: Send + Sync {
    fn name(&self) -> StageName;
    fn purpose(&self) -> &'static str;
    fn puts_back(&self) -> &'static str;
    fn enters_in(&self) -> Option<Phase>;
    fn ends_in_pause(&self) -> bool;
    fn undo_time(&self) -> UndoTime;
    async fn run_json(&self, ctx: &StageContext, input: Value) -> Result<Value, StageError>;
    async fn undo_any(&self, ctx: &StageContext) -> Result<Vec<String>, StageError>;

    /// It works while writes are held, so that every client waits for it.
    fn works_in_pause(&self) -> bool {
        self.ends_in_pause() || self.enters_in() == Some(Phase::Hold)
    }
}

#[async_trait]
impl<S: Stage> AnyStage for S {
    fn name(&self) -> StageName {
        S::NAME
    }

    fn purpose(&self) -> &'static str {
        S::PURPOSE
    }

    fn puts_back(&self) -> &'static str {
        S::PUTS_BACK
    }

    fn enters_in(&self) -> Option<Phase> {
        S::ENTERS_IN
    }

    fn ends_in_pause(&self) -> bool {
        S::ENDS_IN_PAUSE
    }

    fn undo_time(&self) -> UndoTime {
        S::UNDO_TIME
    }

    async fn run_json(&self, ctx: &StageContext, input: Value) -> Result<Value, StageError> {
        let input = serde_json::from_value(input).map_err(|e| StageError::InvalidPlan {
            faults: vec![format!("input: {e}")],
        })?;
        let output = self.run(ctx, input).await?;
        serde_json::to_value(output)
            .map_err(|e| StageError::Internal(format!("the stage's output cannot be written: {e}")))
    }

    async fn undo_any(&self, ctx: &StageContext) -> Result<Vec<String>, StageError> {
        self.undo(ctx).await
    }
}
