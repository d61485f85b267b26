//! `cargo xtask docs`: writes the documents that are made from lists in the code.

use anyhow::{Context, bail};

use crate::workspace::Workspace;

/// Tells the test that compares the documents to write them.
const WRITE: &str = "CROSSOVER_WRITE_DOCS";

/// Runs the test that holds the documents against the code, as the one who writes them.
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
    Ok(())
}
