//! `cargo xtask asl` and `cargo xtask schema`: the files that are generated from the code. The generating
//! program is a separate crate, because this one depends on no other crate of the workspace.

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
