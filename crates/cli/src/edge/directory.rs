//! `crossover edge directory`.

use std::{fmt::Write as _, process::ExitCode};

use crossover_clock::SystemClock;
use crossover_core::{
    UnixMillis,
    ports::Clock as _,
    routing::{Directory, Epoch, directory::Publication},
};
use crossover_operate::directory::{DirectoryPlan, Spreading};
use crossover_report::number::duration;

use super::{plan, words};
use crate::{
    migration::{Config, work},
    output::{print, print_json},
};

pub const MANUAL: &str = "Show the directory of the edge: the version in force and since when, the next version while it spreads and what it changes, the lanes with their \
origins, the rules in the order in which they win, and the rules for reads.\n\n\
The directory says which lane a request belongs to, and so which database its writes reach (docs/edge.md).";

/// Options of `crossover edge directory`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 shown; 2 the edge did not answer; 130 interrupted. Nothing is changed."
)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// Print JSON on standard output: current, and next while it spreads, each with version, from_ms and directory
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| interrupt.to_string())
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let published = arguments
        .config
        .clients()
        .await?
        .lane()
        .await?
        .directory()
        .await?;
    if arguments.json {
        print_json(&published)?;
    } else {
        print(&text(&published, SystemClock.now()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(published: &Spreading, now: UnixMillis) -> String {
    let Spreading { current, next } = published;
    let mut text = in_force(current);
    if let Some(next) = next {
        text += &comes(next, now);
        let only_current = Spreading {
            current: current.clone(),
            next: None,
        };
        let changes = DirectoryPlan::of(&only_current, &next.directory).changes;
        for line in plan::changes(&changes) {
            let _ = writeln!(text, "  {line}");
        }
    }
    text.push('\n');
    text + &contents(&current.directory)
}

/// Which version is in force, and since when.
pub(super) fn in_force(current: &Publication) -> String {
    let version = current.version;
    if version == Epoch(0) {
        return "Version 0 is in force: the one lane of the Worker's variables. Nothing was published so far.\n"
            .to_owned();
    }
    format!(
        "Version {version} is in force since {}.\n",
        words::time(current.from_ms)
    )
}

/// Which version comes into force, and when.
pub(super) fn comes(next: &Publication, now: UnixMillis) -> String {
    let left = next.from_ms.since(now);
    format!(
        "Version {} comes into force at {}, in {}.\n",
        next.version,
        words::time(next.from_ms),
        duration(left)
    )
}

fn contents(directory: &Directory) -> String {
    let mut text = "Lanes\n".to_owned();
    let mut line = |line: String| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    };
    let width = directory.lanes.keys().map(String::len).max().unwrap_or_default();
    for (name, lane) in &directory.lanes {
        let default = if *name == directory.default_lane {
            "  (default)"
        } else {
            ""
        };
        line(format!(
            "  {name:<width$}  source {}  target {}{default}",
            lane.source, lane.target
        ));
    }
    line(String::new());
    line("Rules, the first that matches counts".to_owned());
    let rules = directory.by_precedence();
    let longest = rules.iter().map(|rule| rule.lane.len()).max().unwrap_or_default();
    for rule in &rules {
        line(format!("  {:<longest$}  {}", rule.lane, words::conditions(rule)));
    }
    line(format!(
        "  {:<longest$}  every {}request",
        directory.default_lane,
        if rules.is_empty() { "" } else { "other " }
    ));
    line(String::new());
    line(format!(
        "Tenant   named by {}",
        words::places(&directory.tenant, "nothing in the request")
    ));
    for (number, region) in words::region(directory.region.as_ref()).iter().enumerate() {
        line(format!(
            "{:<7}  {region}",
            if number == 0 { "Region" } else { "" }
        ));
    }
    line(String::new());
    line("Reads on the target, while a share is set".to_owned());
    for (name, lane) in &directory.lanes {
        line(format!("  {name:<width$}  {}", words::reads(&lane.reads)));
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use crossover_core::Millis;
    use serde_json::json;

    use super::*;

    pub const NOW: UnixMillis = UnixMillis(1_767_323_045_000);

    pub fn directory() -> Directory {
        let document = json!({
            "lanes": {
                "main": {"source": "https://s.example", "target": "https://t.example"},
                "acme": {
                    "source": "https://s.acme.example", "target": "https://t.acme.example",
                    "reads": {"key": [{"header": "x-user"}], "exceptions": {"target": ["pilot"]}},
                },
            },
            "default_lane": "main",
            "tenant": [{"header": "x-tenant"}],
            "rules": [
                {"lane": "main", "path": "/long/path"},
                {"lane": "acme", "path": "/acme"},
                {"lane": "acme", "tenant": "acme"},
            ],
        });
        serde_json::from_value(document).unwrap()
    }

    pub fn publication(version: u64, from_ms: UnixMillis, directory: Directory) -> Publication {
        Publication {
            version: Epoch(version),
            from_ms,
            directory,
        }
    }

    #[test]
    fn the_directory_is_shown_with_its_rules_in_the_order_in_which_they_win() {
        let published = Spreading {
            current: publication(3, NOW, directory()),
            next: None,
        };
        assert_eq!(
            text(&published, NOW),
            "Version 3 is in force since 2026-01-02T03:04:05Z.\n\
             \n\
             Lanes\n\
             \x20 acme  source https://s.acme.example  target https://t.acme.example\n\
             \x20 main  source https://s.example  target https://t.example  (default)\n\
             \n\
             Rules, the first that matches counts\n\
             \x20 acme  tenant acme\n\
             \x20 main  path /long/path\n\
             \x20 acme  path /acme\n\
             \x20 main  every other request\n\
             \n\
             Tenant   named by header x-tenant\n\
             Region   none\n\
             \n\
             Reads on the target, while a share is set\n\
             \x20 acme  key: header x-user; exceptions: 0 from the source, 1 from the target\n\
             \x20 main  key: the client's address; exceptions: none\n"
        );
    }

    #[test]
    fn a_version_that_spreads_is_told_with_its_time_and_its_changes() {
        let mut after = directory();
        after.rules.pop();
        let published = Spreading {
            current: publication(0, UnixMillis(0), directory()),
            next: Some(publication(1, NOW + Millis(3_200), after)),
        };
        let text = text(&published, NOW);
        assert!(
            text.starts_with(
                "Version 0 is in force: the one lane of the Worker's variables. Nothing was published so far.\n\
                 Version 1 comes into force at 2026-01-02T03:04:08Z, in 3.20 s.\n\
                 \x20 - rule: tenant acme -> lane acme\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("  acme  tenant acme\n"),
            "the rules in force are shown: {text}"
        );
    }
}
