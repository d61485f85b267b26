//! `crossover`: the command.

mod approvers;
mod check;
mod databases;
mod evidence;
mod explain;
mod output;
mod page;
mod progress;
#[cfg(feature = "rehearse")]
mod rehearse;
#[cfg(test)]
mod tests;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Zero-downtime migration of production PostgreSQL to Aurora PostgreSQL.
#[derive(Parser)]
#[command(name = "crossover", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[cfg(feature = "rehearse")]
    /// Run a complete cutover on this machine, with real components and under load, and write a report
    Rehearse(rehearse::Arguments),
    /// Prove that two databases are equal, row by row, or report every difference
    Verify(Box<verify::Arguments>),
    #[command(about = "Run the pre-checks of a cutover against two databases, without AWS; changes nothing", long_about = check::MANUAL)]
    Check(check::Arguments),
    #[command(about = "Explain an error of the state machines or a pre-check by its name; without a name, list them all", long_about = explain::MANUAL)]
    Explain(explain::Arguments),
    #[command(about = "Check the evidence of a run: whether any byte of it was changed, and who signed it", long_about = evidence::MANUAL)]
    Evidence(evidence::Arguments),
    #[command(about = "Say who has to approve a job in an environment of GitHub; changes nothing", long_about = approvers::MANUAL)]
    Approvers(approvers::Arguments),
}

fn main() -> ExitCode {
    // This executable is also the guard of every process this command starts, so this call must come first.
    #[cfg(feature = "rehearse")]
    crossover_stand::guard::install();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("CROSSOVER_LOG").unwrap_or_else(|_| "error".into()),
        )
        .init();
    match Arguments::parse().command {
        #[cfg(feature = "rehearse")]
        Command::Rehearse(arguments) => rehearse::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Evidence(arguments) => evidence::run(&arguments),
        Command::Approvers(arguments) => approvers::run(&arguments),
    }
}
