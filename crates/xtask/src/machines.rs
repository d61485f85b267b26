//! Checks the state machines with asl-validator.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
/// Runs `validator` (npm's asl-validator) on every state machine.
pub fn lint(root: &Path, validator: &Path) -> anyhow::Result<()> {
    let machines = machines(&root.join("statemachine"))?;
    for machine in &machines {
        let output = Command::new(validator)
            .arg("--json-path")
            .arg(machine)
            .stdin(Stdio::null())
            .output()
            .context("asl-validator cannot be run")?;
        if !output.status.success() {
            bail!(
                "{} is not a valid state machine:\n{}{}",
                machine.display(),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    Ok(())
}

/// Every `*.asl.json` of the folder, sorted.
fn machines(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut machines = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".asl.json") {
            machines.push(path);
        }
    }
    machines.sort();
    if machines.is_empty() {
        bail!("{} contains no state machine", folder.display());
    }
    Ok(machines)
}
