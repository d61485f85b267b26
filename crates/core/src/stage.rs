//! The contract of a stage: one step of a cutover and its undo.

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{StageContext, StageError, routing::Phase};

/// The name of a stage, of its function, of its handler and, with `_` for `-`, of its module.
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
    /// While writes are still held: without this undo the old writer could not accept them.
    BeforeRelease,
    /// After held writes are released, so that clients do not wait for the undo.
    AfterRelease,
}

/// One step of a cutover.
///
/// `run` can be repeated after a crash at any point, with the same result as a single run. `undo` restores
/// what `run` changed, whether `run` ended, stopped at any point or never started. Only the abort stage calls
/// `undo`, after it has won the lane.
#[async_trait]
pub trait Stage: Send + Sync {
    const NAME: StageName;
    /// One sentence for the operator, shown in `docs/stages.md`.
    const PURPOSE: &'static str;
    /// What `undo` restores, in one sentence for the operator. Empty where `run` changes nothing.
    const PUTS_BACK: &'static str = "";
    /// The lane's phase when this stage starts, which a dry run assumes. `None`: the dry run uses the lane's
    /// real phase.
    const ENTERS_IN: Option<Phase> = None;

    /// The stage ends while writes are held. Its journal entry "done" is then left out, because clients would
    /// wait for it: the next stage's entry "started" implies that this stage has ended.
    const ENDS_IN_PAUSE: bool = false;

    /// When an abort calls `undo`.
    const UNDO_TIME: UndoTime = UndoTime::AfterRelease;

    /// Input in addition to the plan.
    type Input: DeserializeOwned + Send + Sync;
    /// Output for later stages and the report.
    type Output: Serialize + Send;

    async fn run(&self, ctx: &StageContext, input: Self::Input) -> Result<Self::Output, StageError>;

    /// Restores what `run` changed, and returns the name of each restored object. The default is for a `run`
    /// that changes nothing.
    ///
    /// An abort may be late: before an undo removes an object that other runs of the migration share, it
    /// reads the lane.
    async fn undo(&self, _ctx: &StageContext) -> Result<Vec<String>, StageError> {
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

    /// Whether the stage works while writes are held, so that clients wait for it.
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
