//! `crossover plan`.

use std::process::ExitCode;

use crossover_operate::references::{self, Reference};

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
    let clients = arguments.config.clients().await?;
    let references = references::check(&clients).await;
    if arguments.json {
        print_json(&references)?;
    } else {
        print(&references.iter().map(line).collect::<String>())?;
    }
    Ok(if references.iter().all(|reference| reference.fault.is_none()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn line(reference: &Reference) -> String {
    match &reference.fault {
        None => format!("  ✓ {}: {}\n", reference.what, reference.name),
        Some(fault) => format!(
            "  ✗ {}: {}\n      {}\n",
            reference.what,
            reference.name,
            fault.replace('\n', "\n      ")
        ),
    }
}
