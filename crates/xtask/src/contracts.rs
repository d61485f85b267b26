//! `cargo xtask asl` and `cargo xtask schema`: the files that are made from the code. The program that makes them is a
//! crate of its own, because this one depends on nothing of ours.

use crate::workspace::Workspace;

/// Writes the files, or only compares them.
pub fn run(workspace: &Workspace, task: &str, check: bool) -> anyhow::Result<()> {
    let mut arguments = vec![
        "run",
        "--quiet",
        "--locked",
        "--package",
        "crossover-contracts",
        "--",
        task,
    ];
    if check {
        arguments.push("--check");
    }
    workspace.run_cargo(&arguments)
}
