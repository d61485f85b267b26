//! Development tasks of the workspace. `.ci/run` calls `cargo xtask test`.

mod bench;
mod check;
mod code_map;
mod contracts;
mod docs;
mod lambda_size;
mod layers;
mod machines;
mod references;
mod test;
mod words;
mod workshop;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Development tasks of the Crossover workspace
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Exit status: 0 the task succeeded; 1 it failed, see the last lines; 2 wrong arguments."
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Fetch missing parts, build the programs for the tests, and run all checks and tests
    Test {
        /// Additional arguments for `cargo test --workspace`, e.g. `cargo xtask test -- --test e2e dry_run`
        #[arg(last = true, value_name = "ARGUMENT")]
        arguments: Vec<String>,
    },
    /// Check files that are no Rust
    Check {
        #[command(subcommand)]
        subject: check::Subject,
    },
    /// Check that crates depend on each other only as ARCHITECTURE.md permits, and the inner ones on no
    /// runtime, AWS SDK, driver or HTTP client
    CheckLayers,
    /// Build the program of the Lambda functions; print its size and the start time of each; fail if it is
    /// larger than 8 MB
    LambdaSize,
    /// Write the documents that are generated from lists: docs/stages.md, docs/checks.md, docs/errors.md, and the table of
    /// the stages' rights in docs/security.md
    Docs,
    /// Write the state machines from statemachine/source; the tests compare them
    Asl {
        /// Write nothing; fail if a file differs from its source
        #[arg(long)]
        check: bool,
    },
    /// Write the JSON Schemas of docs/schema from the types of the documents; the tests compare them
    Schema {
        /// Write nothing; fail if a schema differs from its type
        #[arg(long)]
        check: bool,
    },
    /// Measure speed in comparison with other tools and with the lower bound; not part of the tests
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
        Task::Check { subject } => check::run(&Workspace::find()?, &subject),
        Task::CheckLayers => layers::check(&Workspace::find()?),
        Task::LambdaSize => lambda_size::run(&Workspace::find()?),
        Task::Docs => docs::write(&Workspace::find()?),
        Task::Asl { check } => contracts::run(&Workspace::find()?, "asl", check),
        Task::Schema { check } => contracts::run(&Workspace::find()?, "schema", check),
        Task::Bench { subject } => bench::run(&subject),
    }
}
