//! `cargo xtask asl`, `cargo xtask schema` and `cargo xtask docs` run this program.

use std::process::ExitCode;

use anyhow::bail;
use crossover_contracts::{checkout, generated, permissions, statemachine};

/// Compares instead of writing.
const CHECK: &str = "--check";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, check) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [task] => (task, false),
        [task, CHECK] => (task, true),
        _ => bail!("say asl, docs or schema, and with {CHECK} compare only"),
    };
    let root = checkout()?;
    let files = match task {
        "asl" => statemachine::generated(&root)?,
        "docs" => permissions::generated(&root)?,
        #[cfg(feature = "schema")]
        "schema" => crossover_contracts::schema::generated(&root)?,
        _ => bail!("there is no {task}: say asl, docs or schema"),
    };
    if check {
        generated::check(&files, task)
    } else {
        generated::write(&files)
    }
}
