//! `crossover edge watch`.

use std::{process::ExitCode, time::Duration};

use crossover_clock::SystemClock;
use crossover_core::{UnixMillis, ports::Clock as _};
use crossover_operate::edge::{EdgeAdmin, LaneAtEdge};

use super::{
    status::{headline, text},
    utc,
};
use crate::{
    migration::{Config, work},
    output::print,
    progress::Progress,
};

pub const MANUAL: &str = "Show the lane and its traffic live, until Ctrl-C. Each change of the lane stays as a line of its own.\n\n\
Without a terminal only these lines are written. An edge that does not answer is told and asked again.";

/// Options of `crossover edge watch`.
#[derive(clap::Args)]
#[command(after_help = "Exit status: 130 ended by Ctrl-C; 2 the file or the key cannot be used.")]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// Time between two looks, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(100..=60_000))]
    every: u64,
    /// Print each look as one line of JSON on standard output
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |_| String::new())
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let admin = arguments.config.clients().await?.lane().await?;
    let mut view = View::new();
    loop {
        let seen = look(&admin).await;
        if arguments.json {
            if let Ok(lane) = &seen {
                print(&(serde_json::to_string(lane)? + "\n"))?;
            }
        } else {
            view.show(&seen, SystemClock.now());
        }
        tokio::time::sleep(Duration::from_millis(arguments.every)).await;
    }
}

async fn look(admin: &EdgeAdmin) -> Result<LaneAtEdge, String> {
    LaneAtEdge::read(admin).await.map_err(|error| error.to_string())
}

/// What is on the screen.
struct View {
    progress: Progress,
    bar: indicatif::ProgressBar,
    last: Changes,
}

impl View {
    fn new() -> Self {
        let progress = Progress::new();
        let bar = progress.block();
        Self {
            progress,
            bar,
            last: Changes::default(),
        }
    }

    fn show(&mut self, seen: &Result<LaneAtEdge, String>, now: UnixMillis) {
        if let Some(line) = self.last.line(seen, now) {
            self.progress.line(&line);
        }
        self.bar.set_message(match seen {
            Ok(lane) => text(lane, now),
            Err(why) => format!("{why}; it is asked again\n"),
        });
    }
}

/// What was told as a line.
#[derive(Default)]
struct Changes(Option<String>);

impl Changes {
    /// A line, if the lane is not what it was.
    fn line(&mut self, seen: &Result<LaneAtEdge, String>, now: UnixMillis) -> Option<String> {
        let (mark, told) = match seen {
            Ok(lane) => {
                let record = &lane.record;
                let run = record.run_id.as_deref().unwrap_or("no run");
                let mark = format!("epoch {}", record.epoch);
                let told = format!(
                    "{}, {mark}, {run}: {}",
                    record.phase.name(),
                    headline(record, now)
                );
                (mark, told)
            }
            Err(why) => (why.clone(), why.clone()),
        };
        if self.0.as_ref() == Some(&mark) {
            return None;
        }
        self.0 = Some(mark);
        let at = utc(now).map_or_else(String::new, |at| format!("{at:.0}"));
        Some(format!("{at}  {told}"))
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::routing::{Epoch, Phase};

    use super::{
        super::status::tests::{NOW, lane},
        *,
    };

    #[test]
    fn each_change_is_told_once() {
        let mut changes = Changes::default();
        let mut armed = lane(Phase::Armed);
        let first = changes.line(&Ok(lane(Phase::ServeSource)), NOW).unwrap();
        assert_eq!(
            first,
            "1970-01-01T00:16:40Z  serve_source, epoch 1, shop-1: The source owns writes."
        );
        assert_eq!(changes.line(&Ok(lane(Phase::ServeSource)), NOW), None);
        armed.record.epoch = Epoch(2);
        assert!(
            changes
                .line(&Ok(armed.clone()), NOW)
                .unwrap()
                .contains("armed, epoch 2")
        );
        let silent = Err("the edge gave no answer".to_owned());
        assert!(
            changes
                .line(&silent, NOW)
                .unwrap()
                .ends_with("the edge gave no answer")
        );
        assert_eq!(changes.line(&silent, NOW), None);
        assert!(changes.line(&Ok(armed), NOW).is_some(), "it answers again");
    }
}
