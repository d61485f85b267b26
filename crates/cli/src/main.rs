//! `crossover`: the command.

mod abort;
mod approve;
mod approvers;
mod ask;
mod check;
mod databases;
mod edge;
mod evidence;
mod exit;
mod explain;
mod github;
mod init;
mod manual;
mod markdown;
mod migration;
mod output;
mod page;
mod plan;
mod prepare;
mod progress;
#[cfg(feature = "rehearse")]
mod rehearse;
mod run;
mod signing_key;
mod status;
mod steps;
#[cfg(test)]
mod tests;
mod verify;
mod visible;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use crossover_operate::kind::Kind;

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
    #[command(about = "Write a commented crossover.toml from what Terraform has created", long_about = init::MANUAL)]
    Init(init::Arguments),
    #[command(about = "Create Crossover's own tables in both databases, where they are missing", long_about = prepare::MANUAL)]
    Prepare(prepare::Arguments),
    #[command(about = "Check the file of a migration, and that everything it names exists; changes nothing", long_about = plan::MANUAL)]
    Plan(plan::Arguments),
    #[command(about = "Start the cutover, and follow it", long_about = run::RUN_MANUAL)]
    Run(run::Arguments),
    #[command(about = "Say who owns writes, whether reverse replication runs, and what to do next", long_about = status::MANUAL)]
    Status(status::Arguments),
    #[command(about = "Show the lane at the edge and its changes; show, compare and publish the directory of lanes; set the share of reads on the target", long_about = edge::MANUAL)]
    Edge(edge::Arguments),
    #[command(about = "End a run before its commit, and undo what it has prepared", long_about = abort::MANUAL)]
    Abort(abort::Arguments),
    #[command(about = "Approve a cutover that waits for it, or reject it", long_about = approve::MANUAL)]
    Approve(approve::Arguments),
    #[command(about = "Start the rollback, and follow it", long_about = run::ROLLBACK_MANUAL)]
    Rollback(run::Arguments),
    #[command(about = "End the migration after the rollback window: remove reverse replication and what it keeps", long_about = run::COMPLETE_MANUAL)]
    Complete(run::Arguments),
    #[command(about = "Explain an error of the state machines or a pre-check by its name; without a name, list them all", long_about = explain::MANUAL)]
    Explain(explain::Arguments),
    /// Print the completions of a shell
    Completions(manual::Completions),
    /// Print the manual page, or write all of them
    Man(manual::Man),
    #[command(about = "Collect the evidence of a run, or check it: whether any byte was changed, and who signed it", long_about = evidence::MANUAL)]
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
        Command::Init(arguments) => init::run(&arguments),
        Command::Prepare(arguments) => prepare::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Run(arguments) => run::run(&arguments, Kind::Cutover),
        Command::Status(arguments) => status::run(&arguments),
        Command::Edge(arguments) => edge::run(&arguments),
        Command::Abort(arguments) => abort::run(&arguments),
        Command::Approve(arguments) => approve::run(&arguments),
        Command::Rollback(arguments) => run::run(&arguments, Kind::Rollback),
        Command::Complete(arguments) => run::run(&arguments, Kind::Completion),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Completions(arguments) => manual::completions(&arguments, Arguments::command()),
        Command::Man(arguments) => manual::man(&arguments, Arguments::command()),
        Command::Evidence(arguments) => evidence::run(&arguments),
        Command::Approvers(arguments) => approvers::run(&arguments),
    }
}
