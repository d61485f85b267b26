//! The linters of others, at pinned versions.

mod actionlint;
mod shellcheck;
mod zizmor;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use anyhow::{Context, bail};
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

/// Runs a linter with this text as its input. A status other than 0 and 1 means that it could not run.
fn run(command: &mut Command, input: &str) -> anyhow::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} cannot be run"))?;
    let stdin = child.stdin.take();
    let input = input.to_owned();
    // In a thread: a linter that answers before it has read everything would otherwise wait for us, and we for it.
    let writer = thread::spawn(move || stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().with_context(|| name.clone())?;
    // A linter may end without reading its input; its status decides.
    let _ = writer.join();
    if !matches!(output.status.code(), Some(0 | 1)) {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed ({}): {}", output.status, errors.trim());
    }
    Ok(output)
}
