//! `crossover edge audit`.

use std::{fmt::Write as _, process::ExitCode};

use crossover_core::routing::{AuditEntry, AuditLog, Command};
use crossover_report::number::duration;

use super::{mode, shadow, utc};
use crate::{
    migration::{Config, work},
    output::{print, print_json},
};

pub const MANUAL: &str = "List every change that the lane has accepted, oldest first, and check the chain: each entry holds the hash of the one before, so that \
an entry that is missing or altered is found.\n\n\
The chain shows a change of stored entries. Whoever can replace the whole log can write another chain: keep the evidence of runs (crossover evidence) elsewhere.";

/// Options of `crossover edge audit`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 the chain is complete; 1 it is not; 2 the edge did not answer; 130 interrupted."
)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// Print only whether the chain is complete
    #[arg(long)]
    verify: bool,
    /// Print the log as JSON on standard output
    #[arg(long, conflicts_with = "verify")]
    json: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| interrupt.to_string())
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clients = arguments.config.clients().await?;
    let lane = &clients.migration.template().lane;
    let log = clients.lane().await?.audit().await?;
    if arguments.json {
        print_json(&log)?;
    } else if !arguments.verify {
        print(&entries(&log))?;
    }
    match log.verify(lane) {
        Ok(()) => {
            eprintln!(
                "complete: {} changes of lane {lane}, up to epoch {}",
                log.entries.len(),
                log.head.epoch
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(broken) => {
            eprintln!("BROKEN: {broken}");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn entries(log: &AuditLog) -> String {
    let mut text = String::new();
    for entry in &log.entries {
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "{}  {:>5}  {:<16} {:<13} {}",
            time(entry),
            entry.epoch.to_string(),
            entry.command.name(),
            entry.phase.name(),
            who(entry)
        );
    }
    text
}

fn time(entry: &AuditEntry) -> String {
    utc(entry.at_ms).map_or_else(|| entry.at_ms.to_string(), |at| format!("{at:.3}"))
}

/// Who has sent the command: a run, the lane's alarm, or an operator with what was set.
fn who(entry: &AuditEntry) -> String {
    match &entry.command {
        Command::DeadlinePassed => "the lane itself".to_owned(),
        Command::SetReads { percent, pin_ms } => format!(
            "an operator: {percent} of reads to the target, {} from the writer after a write",
            duration(*pin_ms)
        ),
        Command::EndReads => "an operator: all reads to the writer".to_owned(),
        Command::SetShadow { percent } => {
            let share = Some(*percent).filter(|share| !share.is_none());
            format!("an operator: {} are copied to the target", shadow::words(share))
        }
        Command::SetMode { mode } => format!("an operator: {} is served", mode::words(*mode)),
        command => command.run_id().unwrap_or("an operator").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::{
        Millis, UnixMillis,
        routing::{LaneRecord, audit::genesis},
    };

    use super::*;

    #[test]
    fn a_change_is_one_line_with_its_time_and_its_run() {
        let command = Command::Abort {
            run_id: "shop-1".to_owned(),
        };
        let before = LaneRecord::new("main");
        let record = before.next(&command, UnixMillis(5)).unwrap();
        let entry = AuditEntry::new(&genesis("main"), &record, &command, UnixMillis(1_767_323_045_250));
        let log = AuditLog {
            head: entry.head(),
            entries: vec![entry],
        };
        assert_eq!(
            entries(&log),
            "2026-01-02T03:04:05.250Z      2  abort            serve_source  shop-1\n"
        );
    }

    #[test]
    fn a_share_of_reads_is_an_operators_and_is_told() {
        let told = |command| {
            let record = LaneRecord::new("main").next(&command, UnixMillis(5)).unwrap();
            who(&AuditEntry::new(
                &genesis("main"),
                &record,
                &command,
                UnixMillis(5),
            ))
        };
        let set = Command::SetReads {
            percent: 12.5.try_into().unwrap(),
            pin_ms: Millis(30_000),
        };
        assert_eq!(
            told(set),
            "an operator: 12.5 % of reads to the target, 30.0 s from the writer after a write"
        );
        assert_eq!(told(Command::EndReads), "an operator: all reads to the writer");
    }
}
