//! `crossover`: the command.

mod output;
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
    /// Hold a whole cutover on this machine, on real parts and under load, and report on it
    Rehearse(rehearse::Arguments),
    /// Prove two databases equal, row by row, and name every difference
    Verify(Box<verify::Arguments>),
}

fn main() -> ExitCode {
    // The guard of every part this command starts is this very executable: it must come before anything else.
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
    }
}
