//! What a stage is: one step of a cutover, with its undo beside it.

use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Direction, Plan, StageContext, StageError, routing::Phase};

macro_rules! stages {
    ($($stage:ident = $name:literal),+ $(,)?) => {
        /// The stages, by the name of their Lambda.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum StageName {
            $(#[serde(rename = $name)] $stage,)+
        }

        impl StageName {
            /// All stages, in the order a reader meets them.
            pub const ALL: &'static [Self] = &[$(Self::$stage),+];

            /// Name of the Lambda, of its handler and of its package folder.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$stage => $name,)+
                }
            }
        }
    };
}

// The one place that lists them: whatever goes through all stages, or looks for one by its name, knows each of these.
stages! {
    PreCheck = "pre-check",
    LagWait = "lag-wait",
    Validate = "validate",
    ReverseSync = "reverse-sync",
    ConnectionDrain = "connection-drain",
    FinalSync = "final-sync",
    Abort = "abort",
    Rollback = "rollback",
}

/// A name that no stage has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no stage is called {given:?}: the stages are {}", names())]
pub struct UnknownStage {
    pub given: String,
}

fn names() -> String {
    let names: Vec<&str> = StageName::ALL.iter().map(|stage| stage.as_str()).collect();
    names.join(", ")
}

impl FromStr for StageName {
    type Err = UnknownStage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|stage| stage.as_str() == text)
            .ok_or_else(|| UnknownStage {
                given: text.to_owned(),
            })
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
    async fn run(&self, ctx: &StageContext, input: Self::Input) -> Result<Self::Output, StageError>;

    /// Puts back what `run` changed. Default: it changes nothing.
    async fn undo(&self, _world: &StageContext) -> Result<(), StageError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_found_by_its_name() {
        for stage in StageName::ALL {
            assert_eq!(stage.as_str().parse(), Ok(*stage));
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.as_str());
        }
    }

    #[test]
    fn who_looks_for_another_name_is_told_them_all() {
        let error = "pre_check".parse::<StageName>().unwrap_err().to_string();
        assert!(error.contains("\"pre_check\""), "{error}");
        for stage in StageName::ALL {
            assert!(error.contains(stage.as_str()), "{stage} is not in {error}");
        }
    }
}
