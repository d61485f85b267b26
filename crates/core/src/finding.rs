//! The results of pre-checks. "The check failed" and "the check could not run" are different outcomes.

mod report;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use report::{CheckReport, CheckVerdict, Checked, CheckedDatabase};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The cutover does not start.
    Blocks,
    /// The cutover may start; the operator should know.
    Warns,
}

/// One fault that a check found, with its object and its remedy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// Findings with the same check, severity, message and remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingGroup<'a> {
    pub check: &'a str,
    pub severity: Severity,
    pub message: &'a str,
    pub remedy: &'a str,
    /// In the order of the findings.
    pub objects: Vec<&'a str>,
}

/// The findings in groups, sorted by check, severity, message and remedy.
pub fn grouped<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<FindingGroup<'a>> {
    let mut groups: BTreeMap<(&str, Severity, &str, &str), Vec<&str>> = BTreeMap::new();
    for finding in findings {
        let kind = (
            finding.check.as_str(),
            finding.severity,
            finding.message.as_str(),
            finding.remedy.as_str(),
        );
        groups.entry(kind).or_default().push(&finding.object);
    }
    let groups = groups.into_iter();
    groups
        .map(|((check, severity, message, remedy), objects)| FindingGroup {
            check,
            severity,
            message,
            remedy,
            objects,
        })
        .collect()
}

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CheckOutcome {
    /// The check ran to its end. Without findings, it passed.
    Ran { findings: Vec<Finding> },
    /// The check applies to other engines than those of the plan.
    NotApplicable { reason: String },
    /// The check asks something that cannot be reached from here, and that a run can reach. It never counts
    /// as passed.
    NotCheckedHere { reason: String },
    /// The check could not run, so its result is unknown. It never counts as passed.
    CouldNotRun { reason: String, remedy: String },
}
