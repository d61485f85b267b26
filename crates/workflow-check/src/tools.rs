//! The linters of others, at pinned versions.

mod actionlint;
mod shellcheck;
mod zizmor;

use std::path::Path;

use crossover_file_check::Findings;
use crossover_stand::Parts;

use crate::workflow::Workflow;

/// Runs all linters over workflows that are below `root`.
pub fn check(
    parts: &Parts,
    root: &Path,
    workflows: &[Workflow],
    findings: &mut Findings,
) -> anyhow::Result<()> {
    findings.begin("actionlint");
    actionlint::check(&parts.actionlint(), workflows, findings)?;
    findings.begin("zizmor");
    zizmor::check(&parts.zizmor(), root, findings)?;
    findings.begin("shellcheck");
    shellcheck::check(&parts.shellcheck(), workflows, findings)
}
