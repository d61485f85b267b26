//! The paths that `crossover-workshop` reports: fetched parts and built programs.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::Value;

/// Everything that the workshop has fetched or built.
pub struct Places(Value);

impl Places {
    /// Runs crossover-workshop; its progress is shown on the terminal.
    pub fn prepare(program: &Path, root: &Path) -> anyhow::Result<Self> {
        let output = Command::new(program)
            .arg(root)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("{} cannot be run", program.display()))?;
        if !output.status.success() {
            bail!("the parts or programs could not be prepared; see the lines above");
        }
        let places =
            serde_json::from_slice(&output.stdout).context("the answer of crossover-workshop is not JSON")?;
        Ok(Self(places))
    }

    pub fn path(&self, name: &str) -> anyhow::Result<PathBuf> {
        self.0[name]
            .as_str()
            .map(PathBuf::from)
            .with_context(|| format!("crossover-workshop does not report the path of {name}"))
    }
}
