//! The benched programs, built with the release profile.

use std::path::PathBuf;

use crate::workspace::Workspace;

/// The package of the command.
pub const OURS: &str = "crossover";
/// The package with the program that runs the servers.
pub const STAND: &str = "crossover-stand";

/// Builds packages in one selection, so that common dependencies are built once.
pub fn build_released(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<()> {
    let mut build = vec!["build", "--release", "--locked"];
    build.extend(packages.iter().flat_map(|package| ["--package", package]));
    workspace.run_cargo(&build)
}

/// The path of a built program.
pub fn released(workspace: &Workspace, program: &str) -> PathBuf {
    workspace.target.join("release").join(program)
}
