//! The programs that are benched, built as they are released.

use std::path::PathBuf;

use crate::workspace::Workspace;

/// The package of the command.
pub const OURS: &str = "crossover";
/// The package of the servers' holder.
pub const STAND: &str = "crossover-stand";

/// Builds packages in one selection, so that what they share is built once.
pub fn build_released(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<()> {
    let mut build = vec!["build", "--release", "--locked"];
    build.extend(packages.iter().flat_map(|package| ["--package", package]));
    workspace.run_cargo(&build)
}

/// Where a program of theirs is.
pub fn released(workspace: &Workspace, program: &str) -> PathBuf {
    workspace.target.join("release").join(program)
}
