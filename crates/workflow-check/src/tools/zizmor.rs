//! zizmor: known ways to attack a workflow.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use crossover_file_check::Findings;
use crossover_file_check::linter::run;
use serde::Deserialize;
use serde_json::Value;

use crate::workflow::FOLDER;

/// Its settings; only deviations, each with a reason.
const SETTINGS: &str = ".github/zizmor.yml";

#[derive(Deserialize)]
struct Found {
    ident: String,
    desc: String,
    #[serde(default)]
    ignored: bool,
    locations: Vec<Value>,
}

impl Found {
    /// The file and the line of the place where the fault is, not of what only belongs to it.
    fn place(&self) -> Option<(PathBuf, usize)> {
        let is_primary = |one: &&Value| one["symbolic"]["kind"] == "Primary";
        let location = self
            .locations
            .iter()
            .find(is_primary)
            .or(self.locations.first())?;
        let path = location["symbolic"]["key"]["Local"]["verbatim_path"].as_str()?;
        // Rows are counted from 0.
        let row = location["concrete"]["location"]["start_point"]["row"].as_u64()?;
        Some((PathBuf::from(path), usize::try_from(row).ok()? + 1))
    }
}

pub fn check(program: &Path, root: &Path, findings: &mut Findings) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command
        .current_dir(root)
        .args([
            "--offline",
            "--no-progress",
            "--no-exit-codes",
            "--persona",
            "pedantic",
        ])
        .args(["--format", "json-v1"]);
    if root.join(SETTINGS).is_file() {
        command.args(["--config", SETTINGS]);
    }
    let output = run(command.arg(FOLDER), "")?;
    let found: Vec<Found> =
        serde_json::from_slice(&output.stdout).context("the answer of zizmor is not JSON")?;
    for one in found.iter().filter(|one| !one.ignored) {
        let (path, line) = one
            .place()
            .with_context(|| format!("zizmor names no place for {}", one.ident))?;
        findings.add((path.as_path(), line), format!("{} ({})", one.desc, one.ident));
    }
    Ok(())
}
