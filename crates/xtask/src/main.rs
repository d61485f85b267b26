//! The workspace's own tasks. `cargo xtask test` is what `.ci/run` calls.

mod bench;
mod code_map;
mod contracts;
mod docs;
mod lambda_size;
mod layers;
mod machines;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Tasks of the Crossover workspace
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Exit status: 0 the task succeeded; 1 it failed, and the last lines say why; 2 it was called wrongly."
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Fetch the parts if they are missing, build what the tests run, and run every check and test
    Test {
        /// Further arguments for `cargo test --workspace`, e.g. `cargo xtask test -- --test e2e dry_run`
        #[arg(last = true, value_name = "ARGUMENT")]
        arguments: Vec<String>,
    },
    /// Prove that crates use each other as ARCHITECTURE.md allows, and the inner ones no runtime, AWS SDK, driver or HTTP client
    CheckLayers,
    /// Build the program of the Lambda functions; print its size and the start time of each; fail if it is bigger than 8 MB
    LambdaSize,
    /// Write the documents that are made from lists in the code (docs/stages.md, docs/checks.md)
    Docs,
    /// Write the state machines from statemachine/source; the tests compare them
    Asl {
        /// Write nothing; fail if a file is not what its source says
        #[arg(long)]
        check: bool,
    },
    /// Write the JSON Schemas of docs/schema from the types of the documents; the tests compare them
    Schema {
        /// Write nothing; fail if a schema is not what its type says
        #[arg(long)]
        check: bool,
    },
    /// Measure against others and against what is possible; no part of the tests
    Bench {
        #[command(subcommand)]
        subject: bench::Subject,
    },
}

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    match run(task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Test { arguments } => test::run(&Workspace::find()?, &arguments),
        Task::CheckLayers => layers::check(&Workspace::find()?),
        Task::LambdaSize => lambda_size::run(&Workspace::find()?),
        Task::Docs => docs::write(&Workspace::find()?),
        Task::Asl { check } => contracts::run(&Workspace::find()?, "asl", check),
        Task::Schema { check } => contracts::run(&Workspace::find()?, "schema", check),
        Task::Bench { subject } => bench::run(&subject),
    }
}
