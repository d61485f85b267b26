//! The checkout, and cargo commands in it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::Value;

/// The workspace that this program was built from.
pub struct Workspace {
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
}

impl Workspace {
    pub fn find() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("this crate is not at crates/xtask of the workspace")?
            .to_owned();
        let metadata = metadata(&root, &["--no-deps"])?;
        let target = metadata["target_directory"]
            .as_str()
            .context("cargo metadata names no target directory")?;
        Ok(Self {
            root,
            target: target.into(),
        })
    }

    /// A cargo command in the workspace, without input.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(program());
        // Variables that `cargo run` sets for this package. Build scripts such as ring's read them, so that
        // with these variables everything would be built again for xtask alone.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if [
                "CARGO_BIN_",
                "CARGO_CRATE_",
                "CARGO_MANIFEST_",
                "CARGO_PKG_",
                "CARGO_PRIMARY_",
            ]
            .iter()
            .any(|start| text.starts_with(start))
            {
                command.env_remove(&name);
            }
        }
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// Runs cargo and shows its output.
    pub fn run_cargo(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let status = self
            .cargo()
            .args(arguments)
            .status()
            .context("cargo cannot be run")?;
        if !status.success() {
            bail!("cargo {} failed ({status})", arguments.join(" "));
        }
        Ok(())
    }

    /// The complete dependency graph as cargo resolves it.
    pub fn graph(&self) -> anyhow::Result<Value> {
        metadata(&self.root, &["--locked"])
    }
}

fn program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn metadata(root: &Path, arguments: &[&str]) -> anyhow::Result<Value> {
    let output = Command::new(program())
        .args(["metadata", "--format-version", "1"])
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be run")?;
    if !output.status.success() {
        bail!("cargo metadata failed ({})", output.status);
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")
}
