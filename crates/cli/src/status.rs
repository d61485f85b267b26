//! `crossover status`.

use std::{fmt::Write as _, process::ExitCode};

use crossover_operate::status::LaneStatus;

use crate::{
    migration::{Config, work},
    output::{print, print_json},
};

pub const MANUAL: &str = "Show the status of a migration: who owns writes, what is under way, whether reverse replication runs, and what to do next.\n\n\
Reads only the lane at the edge, the executions of the two state machines and, while the target owns writes, the stream of reverse replication.";

/// Options of `crossover status`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 told; 1 what --require names does not hold; 2 could not find out; 130 interrupted. Nothing is changed."
)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// Refuse if the file is of another lane
    #[arg(long, value_name = "NAME")]
    lane: Option<String>,
    /// Exit with 1 unless this holds. completed: the migration was completed and no stream of it is left, or no run was
    /// ever begun on the lane
    #[arg(long, value_name = "STATE")]
    require: Option<Required>,
    /// Print JSON on standard output (docs/schema/lane-status.json)
    #[arg(long)]
    json: bool,
}

/// What a script may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Required {
    Completed,
}

impl Required {
    /// Why it does not hold.
    fn refusal(self, status: &LaneStatus) -> Option<String> {
        let Self::Completed = self;
        if let Some(run) = &status.under_way {
            return Some(format!("run {} is under way", run.run_id));
        }
        if status.completed {
            return None;
        }
        let last_run = status.last_run.as_ref()?;
        Some(format!(
            "lane {} has not completed: run {last_run} has used it, and slots and streams of the migration exist; `crossover complete` removes them",
            status.lane
        ))
    }
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!("{interrupt}: nothing was changed")
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clients = arguments.config.clients().await?;
    let lane = &clients.migration.template().lane;
    if let Some(asked) = arguments.lane.as_ref().filter(|asked| *asked != lane) {
        anyhow::bail!(
            "the file is of lane {lane}, not of lane {asked}: name the file of that lane with --config"
        );
    }
    let status = clients.status().await?;
    if arguments.json {
        print_json(&status)?;
    } else {
        print(&text(&status))?;
    }
    if let Some(refusal) = arguments.require.and_then(|required| required.refusal(&status)) {
        eprintln!("refused: {refusal}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn text(status: &LaneStatus) -> String {
    let mut text = format!("{}\n\n", status.summary);
    let mut line = |what: &str, content: &str| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {what:<10}{content}");
    };
    line("lane", &format!("{}, phase {}", status.lane, status.phase));
    line("migration", &status.migration_id);
    if let Some(run) = &status.under_way {
        line("run", &format!("{} ({})", run.run_id, run.execution));
    } else if let Some(run) = &status.last_run {
        line("last run", run);
    }
    if let Some(reverse_replication) = &status.reverse_replication {
        let ready = if reverse_replication.running {
            ""
        } else {
            "NOT ready: "
        };
        line("reverse", &format!("{ready}{}", reverse_replication.stream));
    }
    text.push('\n');
    for step in &status.next {
        let _ = writeln!(text, "  {}\n      {}", step.command, step.purpose);
    }
    text
}

#[cfg(test)]
mod tests {
    use crossover_core::routing::Side;
    use crossover_operate::status::{NextCommand, ReverseReplication};

    use super::*;

    #[test]
    fn a_reverse_replication_that_does_not_run_is_loud() {
        let status = LaneStatus {
            migration_id: "shop".to_owned(),
            lane: "main".to_owned(),
            phase: "serve_target".to_owned(),
            writer: Side::Target,
            last_run: Some("shop-1".to_owned()),
            under_way: None,
            completed: false,
            reverse_replication: Some(ReverseReplication {
                running: false,
                stream: "DMS task r does not exist".to_owned(),
            }),
            summary: "The target owns writes.".to_owned(),
            next: vec![NextCommand {
                command: "crossover explain X".to_owned(),
                purpose: "repair".to_owned(),
            }],
        };
        let refusal = Required::Completed.refusal(&status).unwrap();
        assert!(refusal.contains("shop-1"), "{refusal}");
        let untouched = LaneStatus {
            last_run: None,
            ..status.clone()
        };
        assert_eq!(Required::Completed.refusal(&untouched), None);
        let completed = LaneStatus {
            completed: true,
            ..status.clone()
        };
        assert_eq!(Required::Completed.refusal(&completed), None);
        let text = text(&status);
        assert!(text.starts_with("The target owns writes.\n"), "{text}");
        assert!(
            text.contains("reverse   NOT ready: DMS task r does not exist"),
            "{text}"
        );
        assert!(text.ends_with("  crossover explain X\n      repair\n"), "{text}");
    }
}
