//! `crossover plan`.

use std::process::ExitCode;

use crossover_operate::world::Sight;

use crate::{
    migration::{Config, work},
    output::{print, print_json},
};

pub const MANUAL: &str = "Check the file of a migration: every field against its schema, and everything that it names against the world. State machines, secrets, \
the journal, the replication streams and the lane are read; nothing is changed. All faults are listed at once.";

/// Options of `crossover plan`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 sound; 1 something is missing or refused; 2 the file is not sound, or could not be read; 130 interrupted."
)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// Print JSON on standard output
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!("{interrupt}: nothing was changed")
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let world = arguments.config.world().await?;
    let sights = Box::pin(world.look()).await;
    if arguments.json {
        print_json(&sights)?;
    } else {
        print(&sights.iter().map(line).collect::<String>())?;
    }
    Ok(if sights.iter().all(|sight| sight.fault.is_none()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn line(sight: &Sight) -> String {
    match &sight.fault {
        None => format!("  ✓ {}: {}\n", sight.what, sight.name),
        Some(fault) => format!(
            "  ✗ {}: {}\n      {}\n",
            sight.what,
            sight.name,
            fault.replace('\n', "\n      ")
        ),
    }
}
