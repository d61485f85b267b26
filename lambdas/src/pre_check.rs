//! pre-check: runs the catalogue of checks. The stage changes nothing and reports all findings at once.

mod applies_to;
mod checks;
mod context;

use async_trait::async_trait;
use crossover_core::{
    Stage, StageContext, StageError, StageName,
    finding::{CheckOutcome, Checked, Finding, Severity},
};
use serde::{Deserialize, Serialize};

pub use applies_to::AppliesTo;
pub use checks::{Check, catalogue};
pub use context::{Asked, Carrier, CheckContext, Unanswered};

pub struct PreCheck;

/// Empty: the stage needs only the plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {}

#[derive(Debug, Serialize)]
pub struct Output {
    pub checks: Vec<Checked>,
    pub warnings: Vec<Finding>,
}

#[async_trait]
impl Stage for PreCheck {
    const NAME: StageName = StageName::new("pre-check");
    const PURPOSE: &'static str = "Runs every pre-check of docs/checks.md. Changes nothing.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, _input: Input) -> Result<Output, StageError> {
        let checks = run_all(&CheckContext::of(ctx)).await;
        judge(checks)
    }
}

/// Runs every check of the catalogue. One that has no answer does not stop the others.
pub async fn run_all(ctx: &CheckContext<'_>) -> Vec<Checked> {
    let mut checks = Vec::new();
    for check in catalogue() {
        let outcome = match check.applies_to().obstacle(ctx) {
            Some(reason) => CheckOutcome::NotApplicable { reason },
            None => match check.run(ctx).await {
                Ok(mut findings) => {
                    findings.sort();
                    CheckOutcome::Ran { findings }
                }
                Err(unanswered) => unanswered.outcome(),
            },
        };
        checks.push(Checked {
            id: check.id(),
            looks_at: check.looks_at(),
            outcome,
        });
    }
    checks
}

/// Blocking findings end the stage with `ChecksFailed`; without them, a check that could not run ends the
/// stage with `ChecksCouldNotRun`. All other findings are warnings.
fn judge(checks: Vec<Checked>) -> Result<Output, StageError> {
    let mut findings = Vec::new();
    let mut unknown = Vec::new();
    for check in &checks {
        match &check.outcome {
            CheckOutcome::Ran { findings: found } => findings.extend(found.iter().cloned()),
            CheckOutcome::NotApplicable { .. } => {}
            CheckOutcome::CouldNotRun { reason, .. } | CheckOutcome::NotCheckedHere { reason } => {
                unknown.push(format!("{}: {reason}", check.id));
            }
        }
    }
    let (blocking, warnings): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|f| f.severity == Severity::Blocks);
    if !blocking.is_empty() {
        return Err(StageError::ChecksFailed { findings: blocking });
    }
    if !unknown.is_empty() {
        return Err(StageError::ChecksCouldNotRun { checks: unknown });
    }
    Ok(Output { checks, warnings })
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

    fn finding(severity: Severity) -> Finding {
        let text = String::new;
        Finding {
            check: "PG00".into(),
            severity,
            object: text(),
            message: text(),
            remedy: text(),
        }
    }

    #[test]
    fn a_check_that_could_not_run_does_not_pass() {
        let reason = || "connection lost".to_owned();
        for outcome in [
            CheckOutcome::CouldNotRun {
                reason: reason(),
                remedy: reason(),
            },
            CheckOutcome::NotCheckedHere { reason: reason() },
        ] {
            let error = judge(vec![checked(outcome)]).unwrap_err();
            assert_eq!(error.name(), "ChecksCouldNotRun");
        }
    }

    #[test]
    fn blocking_findings_stop_a_cutover_and_warnings_do_not() {
        let warned = judge(vec![checked(CheckOutcome::Ran {
            findings: vec![finding(Severity::Warns)],
        })])
        .unwrap();
        assert_eq!(warned.warnings.len(), 1);
        let error = judge(vec![checked(CheckOutcome::Ran {
            findings: vec![finding(Severity::Blocks)],
        })])
        .unwrap_err();
        assert_eq!(error.name(), "ChecksFailed");
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<_> = catalogue().iter().map(|c| c.id()).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
    }
}
