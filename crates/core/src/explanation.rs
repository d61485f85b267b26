//! What a name means that an operator meets: an error of a stage, the end of a state machine, a pre-check.

use serde::Serialize;

use crate::{ErrorName, error::RetryClass};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// An error with which a stage ends.
    Error,
    /// An error with which an execution of a state machine ends.
    End,
    /// A pre-check.
    Check,
}

/// The explanation of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Explanation {
    pub name: String,
    pub kind: NameKind,
    pub meaning: String,
    /// What the run did. `None` where the meaning tells it.
    pub run_did: Option<String>,
    /// `None` where the meaning tells it.
    pub remedy: Option<String>,
    /// Whether a repetition helps.
    pub retry: String,
    /// The document that describes the name, in this repository.
    pub documented: String,
}

/// The document of `crossover explain`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Explanations {
    pub explanations: Vec<Explanation>,
}

impl Explanation {
    /// The explanation of an error of a stage.
    pub fn of_error(name: ErrorName, documented: &str) -> Self {
        Self {
            name: name.name().to_owned(),
            kind: NameKind::Error,
            meaning: name.meaning().to_owned(),
            run_did: Some(name.consequence().to_owned()),
            remedy: Some(name.remedy().to_owned()),
            retry: name.retry().advice().to_owned(),
            documented: documented.to_owned(),
        }
    }
}

impl RetryClass {
    /// Whether a repetition helps, for people.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Again => {
                "yes: the state machine tries the stage again by itself; if that does not help, the remedy comes first"
            }
            Self::Later => "not within the run; a later run may succeed without any change",
            Self::Never => "no: the remedy comes first",
        }
    }
}
