//! `crossover explain`.

mod list;
mod nearest;

use std::{fmt::Write as _, process::ExitCode};

use crossover_core::explanation::{Explanation, Explanations, NameKind};

use crate::output::{print, print_json};

/// Exit status for a name that nothing has.
const UNKNOWN_NAME: u8 = 2;

/// What `--help` begins with.
pub const MANUAL: &str = "Explain an error of the state machines or a pre-check by its name: what it means, what the run did, the remedy, whether a repetition helps, \
and where it is documented.\n\n\
A name is an error in the history of an execution (MarkerNotSeen), the error with which an execution ended (CutoverAborted), or the id of a pre-check \
(PG11), in capitals or not. Without a name, all names are listed.";

/// Options of `crossover explain`.
#[derive(clap::Args)]
#[command(after_help = "Exit status: 0 explained; 2 nothing has this name (the nearest names are printed).")]
pub struct Arguments {
    /// The name, for example MarkerNotSeen or PG11
    name: Option<String>,
    /// Print JSON on standard output (docs/schema/explanations.json)
    #[arg(long)]
    json: bool,
}

/// Explains a name, or lists all.
pub fn run(arguments: &Arguments) -> ExitCode {
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(UNKNOWN_NAME)
        }
    }
}

fn execute(arguments: &Arguments) -> anyhow::Result<()> {
    let mut explanations = list::all()?;
    if let Some(name) = &arguments.name {
        let Some(at) = explanations
            .iter()
            .position(|e| e.name.eq_ignore_ascii_case(name))
        else {
            let names = explanations.iter().map(|e| e.name.as_str());
            anyhow::bail!("{}", unknown(name, &nearest::to(name, names)));
        };
        explanations = vec![explanations.swap_remove(at)];
    }
    if arguments.json {
        print_json(&Explanations { explanations })
    } else if arguments.name.is_some() {
        print(&explanations.iter().map(explained).collect::<String>())
    } else {
        print(&listed(&explanations))
    }
}

fn unknown(name: &str, nearest: &[&str]) -> String {
    let like = match nearest {
        [] => String::new(),
        names => format!("; similar names: {}", names.join(", ")),
    };
    format!("no error and no pre-check is called {name:?}{like}; `crossover explain` lists all names")
}

fn explained(explanation: &Explanation) -> String {
    let kind = match explanation.kind {
        NameKind::Error => "error of a stage",
        NameKind::End => "end of an execution",
        NameKind::Check => "pre-check",
    };
    let mut text = format!("{} ({kind})\n", explanation.name);
    let mut line = |what: &str, content: &str| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {what:<13}{content}");
    };
    line("meaning", &explanation.meaning);
    if let Some(run_did) = &explanation.run_did {
        line("the run", run_did);
    }
    if let Some(remedy) = &explanation.remedy {
        line("remedy", remedy);
    }
    line("retry", &explanation.retry);
    line("documented", &explanation.documented);
    text
}

fn listed(explanations: &[Explanation]) -> String {
    let width = explanations.iter().map(|e| e.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (kind, title) in [
        (NameKind::Error, "Errors of the stages"),
        (NameKind::End, "Errors with which an execution ends"),
        (NameKind::Check, "Pre-checks"),
    ] {
        let _ = writeln!(text, "{title}");
        for explanation in explanations.iter().filter(|e| e.kind == kind) {
            let _ = writeln!(text, "  {:<width$}  {}", explanation.name, explanation.meaning);
        }
    }
    text
}
