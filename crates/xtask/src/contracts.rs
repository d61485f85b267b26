//! `cargo xtask asl` and `cargo xtask schema`: the files that are made from the code. The program that makes them is a
//! crate of its own, because this one depends on nothing of ours.

use crate::workspace::Workspace;

/// Writes the files of a task, or only compares them.
pub fn run(workspace: &Workspace, task: &str, check: bool) -> anyhow::Result<()> {
    let features: &[&str] = if task == "schema" {
        &["--features", "schema"]
    } else {
        &[]
    };
    let mut arguments = vec![
        "run",
        "--quiet",
        "--locked",
        "--package",
        "crossover-contracts",
        "--no-default-features",
    ];
    arguments.extend(features);
    arguments.extend(["--", task]);
    if check {
        arguments.push("--check");
    }
    workspace.run_cargo(&arguments)
}
