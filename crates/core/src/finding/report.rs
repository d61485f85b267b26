//! All pre-checks against two databases, as one document.

use serde::Serialize;

use super::{CheckOutcome, Finding, Severity};
use crate::{Millis, plan::Scope};

/// One check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checked {
    /// The check's stable id.
    pub id: &'static str,
    pub looks_at: &'static str,
    #[serde(flatten)]
    pub outcome: CheckOutcome,
}

impl Checked {
    /// Empty unless the check ran.
    pub fn findings(&self) -> &[Finding] {
        match &self.outcome {
            CheckOutcome::Ran { findings } => findings,
            CheckOutcome::NotApplicable { .. }
            | CheckOutcome::NotCheckedHere { .. }
            | CheckOutcome::CouldNotRun { .. } => &[],
        }
    }

    /// The check ran and found nothing.
    pub fn passed(&self) -> bool {
        matches!(&self.outcome, CheckOutcome::Ran { findings } if findings.is_empty())
    }
}

/// What follows from all checks together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// Every check that can run here ran, and no finding blocks. Checks that are not made here are still open.
    NotBlocked,
    /// At least one finding blocks the cutover.
    Blocked,
    /// No finding blocks, but a check could not run.
    Unknown,
}

impl CheckVerdict {
    /// A known block outweighs what is unknown, because no answer could lift it.
    pub fn of(checks: &[Checked]) -> Self {
        let could_not_run = |checked: &Checked| matches!(checked.outcome, CheckOutcome::CouldNotRun { .. });
        let blocks = |finding: &Finding| finding.severity == Severity::Blocks;
        if checks.iter().flat_map(Checked::findings).any(blocks) {
            Self::Blocked
        } else if checks.iter().any(could_not_run) {
            Self::Unknown
        } else {
            Self::NotBlocked
        }
    }
}

/// One of the two databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckedDatabase {
    /// Name and address.
    pub database: String,
    /// The role that asked. The checks judge what this role sees and may do.
    pub role: String,
    /// Number of tables in scope.
    pub tables: u64,
}

/// The document of all pre-checks against two databases that are reached directly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckReport {
    pub verdict: CheckVerdict,
    pub source: CheckedDatabase,
    pub target: CheckedDatabase,
    /// The schemas in scope, and the tables that were left out by name.
    pub scope: Scope,
    /// Roles that are judged as a plan's exempt roles, on both sides.
    pub exempt_roles: Vec<String>,
    /// What limits the value of this document.
    pub notes: Vec<String>,
    /// Every check of the catalogue, in its order.
    pub checks: Vec<Checked>,
    /// When the checks began, in the form of RFC 3339.
    pub began_at: String,
    pub elapsed_ms: Millis,
}

impl CheckReport {
    /// The findings of one severity, in the order of the checks.
    pub fn findings(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        let all = self.checks.iter().flat_map(Checked::findings);
        all.filter(move |finding| finding.severity == severity)
    }

    /// Ids of the checks that ran and found nothing.
    pub fn passed(&self) -> Vec<&'static str> {
        let passed = self.checks.iter().filter(|checked| checked.passed());
        passed.map(|checked| checked.id).collect()
    }

    /// Id, reason and remedy of each check that could not run.
    pub fn not_run(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        self.checks.iter().filter_map(|checked| match &checked.outcome {
            CheckOutcome::CouldNotRun { reason, remedy } => {
                Some((checked.id, reason.as_str(), remedy.as_str()))
            }
            _ => None,
        })
    }

    /// Id and reason of each check that is not made here.
    pub fn not_here(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.checks.iter().filter_map(|checked| match &checked.outcome {
            CheckOutcome::NotCheckedHere { reason } | CheckOutcome::NotApplicable { reason } => {
                Some((checked.id, reason.as_str()))
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(outcome: CheckOutcome) -> Checked {
        Checked {
            id: "PG00",
            looks_at: "nothing",
            outcome,
        }
    }

    fn found(severity: Severity) -> Checked {
        checked(CheckOutcome::Ran {
            findings: vec![Finding {
                check: "PG00".to_owned(),
                severity,
                object: "table a.b".to_owned(),
                message: "is wrong".to_owned(),
                remedy: "correct it".to_owned(),
            }],
        })
    }

    #[test]
    fn a_block_outweighs_the_unknown_and_the_unknown_outweighs_a_pass() {
        let reason = || "gone".to_owned();
        let lost = checked(CheckOutcome::CouldNotRun {
            reason: reason(),
            remedy: reason(),
        });
        let elsewhere = checked(CheckOutcome::NotCheckedHere { reason: reason() });
        let (blocks, warns) = (found(Severity::Blocks), found(Severity::Warns));
        let verdict =
            |checks: &[&Checked]| CheckVerdict::of(&checks.iter().map(|c| (*c).clone()).collect::<Vec<_>>());
        assert_eq!(verdict(&[&warns, &elsewhere]), CheckVerdict::NotBlocked);
        assert_eq!(verdict(&[&warns, &lost]), CheckVerdict::Unknown);
        assert_eq!(verdict(&[&lost, &blocks, &elsewhere]), CheckVerdict::Blocked);
    }

    #[test]
    fn only_a_check_that_ran_and_found_nothing_has_passed() {
        let reason = || "gone".to_owned();
        let none = CheckOutcome::Ran { findings: Vec::new() };
        assert!(checked(none).passed());
        assert!(!found(Severity::Warns).passed());
        for outcome in [
            CheckOutcome::NotCheckedHere { reason: reason() },
            CheckOutcome::NotApplicable { reason: reason() },
            CheckOutcome::CouldNotRun {
                reason: reason(),
                remedy: reason(),
            },
        ] {
            assert!(!checked(outcome).passed());
        }
    }
}
