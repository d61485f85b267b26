//! `cargo xtask docs`: writes the documents that are generated from lists in the code.

use anyhow::{Context, bail};

use crate::{contracts, workspace::Workspace};

/// With this variable the test writes the documents instead of comparing them.
const WRITE: &str = "CROSSOVER_WRITE_DOCS";

/// Runs the test that compares the documents with the code, in its writing mode, then writes the table of the rights.
pub fn write(workspace: &Workspace) -> anyhow::Result<()> {
    let status = workspace
        .cargo()
        .args([
            "test",
            "--package",
            "crossover-stages",
            "--test",
            "documents",
            "--no-default-features",
            "--locked",
        ])
        .env(WRITE, "yes")
        .status()
        .context("cargo cannot be run")?;
    if !status.success() {
        bail!("the documents could not be written ({status})");
    }
    contracts::run(workspace, "docs", false)
}
