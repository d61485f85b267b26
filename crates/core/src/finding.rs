//! What a pre-check says. "The check failed" and "the check could not run" are different things.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The cutover does not start.
    Blocks,
    /// The operator should know.
    Warns,
}

/// One thing a check found, with the object it is about and the way to mend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The check's stable id, for example `PG11`.
    pub check: String,
    pub severity: Severity,
    /// The table, role, setting or stream it is about.
    pub object: String,
    /// What is wrong with it.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}: {}; {}",
            self.check, self.object, self.message, self.remedy
        )
    }
}

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CheckOutcome {
    /// It ran; the findings are all there is (none: the check passed).
    Ran { findings: Vec<Finding> },
    /// It is about another engine than those of the plan.
    NotApplicable { reason: String },
    /// It could not run, so nothing is known. Never a pass.
    CouldNotRun { reason: String },
}
