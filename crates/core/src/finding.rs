//! The results of pre-checks. "The check failed" and "the check could not run" are different outcomes.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The cutover does not start.
    Blocks,
    /// The cutover may start; the operator should know.
    Warns,
}

/// One fault that a check found, with its object and its remedy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The check's stable id, for example `PG11`.
    pub check: String,
    pub severity: Severity,
    /// The table, role, setting or stream with the fault.
    pub object: String,
    /// The fault, as a sentence whose subject is the object.
    pub message: String,
    /// What the operator has to do.
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

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CheckOutcome {
    /// The check ran to its end. Without findings, it passed.
    Ran { findings: Vec<Finding> },
    /// The check applies to other engines than those of the plan.
    NotApplicable { reason: String },
    /// The check could not run, so its result is unknown. It never counts as passed.
    CouldNotRun { reason: String },
}
