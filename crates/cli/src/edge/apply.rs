//! `crossover edge apply`.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::bail;
use crossover_clock::SystemClock;
use crossover_core::{ports::Clock as _, routing::Directory};
use crossover_operate::{
    directory::{DirectoryPlan, PATIENCE, Patience, Spreading, in_force},
    edge::{EdgeAdmin, EdgeError},
};

use super::{directory, plan};
use crate::{
    ask::agreed,
    migration::{Config, work},
    output::print,
    progress::Progress,
};

pub const MANUAL: &str = "Publish a directory document: show what it changes (as crossover edge plan does), ask, publish it, and wait until it is in force.\n\n\
It is published only if the directory is still the version that was compared. It comes into force everywhere at one time, two leases (10 s) later. A \
document that says the same as the newest version is not published again, so the command can be repeated.";

/// Options of `crossover edge apply`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 in force, or there was nothing to change; 1 the document is faulty, the edge refused it, or the answer was no: nothing was published; \
                  2 could not run, or it is unknown whether it was published: repeat the command; 130 interrupted: what was published comes into force all the same."
)]
pub struct Arguments {
    /// The directory document (JSON)
    file: PathBuf,
    #[command(flatten)]
    config: Config,
    /// Publish without a question
    #[arg(long)]
    yes: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    let sent = AtomicBool::new(false);
    work(execute(arguments, &sent), |interrupt| {
        if sent.load(Ordering::Relaxed) {
            format!(
                "{interrupt}: what was published comes into force all the same; `crossover edge directory{}` shows it",
                arguments.config.shown()
            )
        } else {
            format!("{interrupt}: nothing was published")
        }
    })
}

async fn execute(arguments: &Arguments, sent: &AtomicBool) -> anyhow::Result<ExitCode> {
    let document = match plan::read(&arguments.file)? {
        Ok(document) => document,
        Err(faults) => {
            eprint!("{}", plan::refused(&arguments.file, &faults));
            return Ok(ExitCode::FAILURE);
        }
    };
    let admin = arguments.config.clients().await?.lane().await?;
    apply(&admin, &document, arguments.yes, PATIENCE, sent).await
}

/// Publishes the document if it changes anything and somebody agrees, and waits until it is in force. `sent`: set before the
/// edge is asked to publish it.
async fn apply(
    admin: &EdgeAdmin,
    document: &Directory,
    yes: bool,
    patience: Patience,
    sent: &AtomicBool,
) -> anyhow::Result<ExitCode> {
    let published = admin.directory().await?;
    let plan = DirectoryPlan::of(&published, document);
    print(&plan::text(&plan))?;
    let mut version = plan.version;
    if !plan.changes.is_empty() {
        if !yes {
            match agreed("Publish it? [y/N] ").await? {
                Some(true) => {}
                Some(false) => {
                    eprintln!("nothing was published");
                    return Ok(ExitCode::FAILURE);
                }
                None => bail!(
                    "there is no terminal to ask on, so nothing was published: look at the plan, then repeat the command with --yes"
                ),
            }
        }
        sent.store(true, Ordering::Relaxed);
        match admin.publish(plan.version, document).await {
            Ok(spreading) => version = spreading.newest(),
            Err(error @ EdgeError::DirectoryRefused { .. }) => {
                eprintln!("{}", told(&error));
                return Ok(ExitCode::FAILURE);
            }
            Err(error @ EdgeError::Unreachable { .. }) => {
                return Err(anyhow::Error::new(error)
                    .context("it is unknown whether the directory was published; repeat the command: it publishes nothing twice"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let progress = Progress::new();
    let bar = progress.spinner();
    let mut told_next = false;
    let current = in_force(admin, version, patience, |seen| match seen {
        Ok(Spreading { next: Some(next), .. }) => {
            let line = directory::comes(next, SystemClock.now());
            bar.set_message(line.trim_end().to_owned());
            if !told_next && !progress.is_animated() {
                progress.line(line.trim_end());
            }
            told_next = true;
        }
        Ok(_) => {}
        Err(error) => progress.line(&format!("{error}; it is asked again")),
    })
    .await;
    bar.finish_and_clear();
    print(&directory::in_force(&current?))?;
    Ok(ExitCode::SUCCESS)
}

/// A refusal, with what to do.
fn told(error: &EdgeError) -> String {
    let EdgeError::DirectoryRefused { name, .. } = error else {
        return error.to_string();
    };
    let remedy = match name.as_str() {
        "version_mismatch" => {
            "somebody has published another version since the comparison: look at the plan again, then repeat the command"
        }
        "still_spreading" => {
            "the version before it is not in force yet: repeat the command in 10 s, after it has come into force"
        }
        "lane_under_way" => {
            "a cutover or rollback of a lane whose writes are affected is under way: repeat the command after its end (crossover status)"
        }
        "lane_unreachable" => {
            "the edge has to know that no cutover of an affected lane is under way: repeat the command"
        }
        "faulty" => {
            "correct the document; an origin that the Worker's list ORIGINS lacks is added there (docs/edge.md)"
        }
        "too_large" => "split the edge: fewer lanes, rules and listed keys in one document (docs/edge.md)",
        "no_origins" => {
            "give the Worker the variable ORIGINS, the JSON list of every origin that it may reach, and deploy it (docs/edge.md)"
        }
        _ => "docs/edge.md says what is refused",
    };
    format!("{error}\n{remedy}. Nothing was published.")
}

#[cfg(test)]
mod tests;
