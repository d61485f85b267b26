//! `crossover rehearse`.

mod kept;
mod steps;
mod summary;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use crossover_core::{Millis, routing::HeldWrites};
use crossover_interrupt::{Interrupt, interrupted};
use crossover_rehearsal::{
    Burst, EndAfterRun, RehearsalOptions, RehearsalOutput, rehearse_until, report::Judgement,
};

use crate::{exit::ended, output::print, steps::Steps};
use summary::summary;

/// The exit status of a rehearsal that ended with a report.
const fn exit_status(judgement: Judgement) -> u8 {
    match judgement {
        Judgement::Passed => 0,
        Judgement::Problems => 1,
        Judgement::AbortedRightly => 3,
    }
}

/// Options of `crossover rehearse`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 the requested outcome, no row lost, duplicated or unequal, no client error; 1 any other outcome; 2 could not run; 3 \
                  aborted rightly, because the machine was too busy: no client error, nothing lost, and a later run may succeed without any change; \
                  130 interrupted."
)]
pub struct Arguments {
    /// Number of orders in the generated shop
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rows: u64,
    /// Rehearse with your own plain SQL dump instead of the shop; repeatable, loaded by psql in this order
    #[arg(long, value_name = "FILE", conflicts_with = "rows")]
    dump: Vec<PathBuf>,
    /// Leave these tables of the dump out: schema.table or table, * for any characters; separated by commas
    /// or repeated. Partitions and child tables are left out with their table
    #[arg(long, value_name = "TABLE", value_delimiter = ',', requires = "dump")]
    exclude: Vec<String>,
    /// After the cutover, continue the traffic and roll back
    #[arg(long, conflicts_with = "dry_run")]
    rollback: bool,
    /// Number of cutovers in one environment under one load, each with its rollback; the report has the
    /// distribution over all runs. An aborted run does not end the series; Ctrl-C ends it after the run that is
    /// under way
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    repeat: u32,
    /// Number of endless loops that take CPU beside the rehearsal
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=256))]
    busy: u32,
    /// Send this many writes at once shortly before each hold, and let the application answer each of them late: the
    /// run must commit or abort without an error for a client
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4_000))]
    burst: Option<u32>,
    /// How long the application waits with each write of a burst, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 400, requires = "burst", value_parser = clap::value_parser!(u64).range(1..=60_000))]
    burst_delay: u64,
    /// Which writes wait at the edge during a pause: all, or those with the header idempotency-key, which half of the rehearsal's
    /// writes have; the others get 503, "not executed"
    #[arg(long, value_enum, default_value_t = Hold::All)]
    hold: Hold,
    /// Rehearse with this bundle of the Worker, such as the folder that is to be deployed, instead of building one from the sources
    #[arg(long, value_name = "DIR")]
    worker: Option<PathBuf>,
    /// Start everything and its traffic, run nothing, and wait for Ctrl-C: crossover run, status, abort and rollback
    /// reach it through the file crossover.toml in the report's folder
    #[arg(long, conflicts_with_all = ["rollback", "repeat", "burst", "dry_run", "json"])]
    keep: bool,
    /// Apply terraform/environments/dev to the local AWS and run on what it has created: functions, roles, state
    /// machines, secrets, journal, alarms and the replication tasks. Needs Terraform; takes about two minutes more
    #[arg(long)]
    terraform: bool,
    /// Change nothing: run the same states with writes replaced, and print the plan
    #[arg(long)]
    dry_run: bool,
    /// Writes per second through the Worker
    #[arg(long, value_name = "N", default_value_t = 220, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    writes: u32,
    /// Reads per second through the Worker
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=5_000))]
    reads: u32,
    /// Writes per second that bypass the Worker and go to the source: the lock must refuse them
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    strays: u32,
    /// Port of the Worker [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    edge_port: Option<u16>,
    /// Folder for report.json, report.html and the logs of all components [default: target/rehearsal]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print every name in findings about many objects
    #[arg(long)]
    all: bool,
    /// Print report.json on standard output
    #[arg(long)]
    json: bool,
}

/// As in the plan.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Hold {
    All,
    Keyed,
}

impl From<Hold> for HeldWrites {
    fn from(hold: Hold) -> Self {
        match hold {
            Hold::All => Self::All,
            Hold::Keyed => Self::Keyed,
        }
    }
}

impl Arguments {
    fn options(&self) -> anyhow::Result<RehearsalOptions> {
        if self.repeat > 1 && !self.rollback {
            anyhow::bail!(
                "--repeat {} needs --rollback: the next cutover can start only where the source serves again",
                self.repeat
            );
        }
        let workspace = workspace()
            .context("the sources of Crossover were not found: run this command inside its checkout")?;
        let defaults = RehearsalOptions::new(workspace);
        Ok(RehearsalOptions {
            out: self
                .out
                .clone()
                .map_or_else(|| Ok(defaults.out.clone()), std::path::absolute)?,
            rows: self.rows,
            dumps: self.dump.clone(),
            exclude: self.exclude.clone(),
            rollback: self.rollback,
            repeat: self.repeat,
            busy: self.busy,
            burst: self.burst.map(|writes| Burst {
                writes,
                delay: Millis(self.burst_delay),
            }),
            hold: self.hold.into(),
            worker: self.worker.as_deref().map(std::path::absolute).transpose()?,
            terraform: self.terraform,
            dry_run: self.dry_run,
            writes_per_s: self.writes,
            reads_per_s: self.reads,
            strays_per_s: self.strays,
            edge_port: self.edge_port,
            ..defaults
        })
    }
}

/// The checkout to use: the nearest folder above the current one with the state machines, or the one this
/// program was built from.
fn workspace() -> Option<PathBuf> {
    let is_one = |dir: &Path| dir.join("statemachine/cutover.asl.json").is_file();
    let here = std::env::current_dir().ok()?;
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    here.ancestors()
        .chain([built_from])
        .find(|dir| is_one(dir))
        .map(Path::to_owned)
}

/// Runs the rehearsal.
pub fn run(arguments: &Arguments) -> ExitCode {
    ended(execute(arguments))
}

fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = arguments.options()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let progress = Steps::new();
    if arguments.keep {
        return runtime.block_on(kept::kept(&options, &progress));
    }
    let (held, interrupt) = match runtime.block_on(held(&options, &progress)) {
        Ok((held, interrupt)) => (held?, interrupt),
        Err(interrupt) => {
            eprintln!("{interrupt}: every component was stopped; the next run starts from the beginning");
            return Ok(ExitCode::from(interrupt.exit_status()));
        }
    };
    if arguments.json {
        print(&std::fs::read_to_string(&held.json)?)?;
    }
    eprint!("{}", summary(&held.report, arguments.all));
    eprintln!(
        "\nreport: {}\n        {}",
        held.html.display(),
        held.json.display()
    );
    Ok(ExitCode::from(interrupt.map_or_else(
        || exit_status(held.report.judgement()),
        Interrupt::exit_status,
    )))
}

/// Ctrl-C ends a series after the run that is under way, and everything else at once; so does a second signal,
/// and the signals of a system that shuts down. Leaving this function stops every component.
///
/// Returns the report and the signal that ended the series, if any; or the signal that ended everything at once.
async fn held(
    options: &RehearsalOptions,
    progress: &Steps,
) -> Result<(crossover_rehearsal::Result<RehearsalOutput>, Option<Interrupt>), Interrupt> {
    let end = EndAfterRun::default();
    let work = rehearse_until(options, &end, progress);
    tokio::pin!(work);
    let first = tokio::select! {
        biased;
        Ok(interrupt) = interrupted() => interrupt,
        result = &mut work => return Ok((result, None)),
    };
    if first != Interrupt::Interrupt || !end.ask() {
        return Err(first);
    }
    progress.note(&format!(
        "  {first}: the series ends after this run, with a report; the same once more stops everything at once"
    ));
    tokio::select! {
        biased;
        Ok(interrupt) = interrupted() => Err(interrupt),
        result = &mut work => Ok((result, Some(first))),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    /// The options alone, as a program.
    #[derive(clap::Parser)]
    struct Program {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn a_series_needs_rollbacks_and_says_so() {
        let options = |line: &[&str]| Program::parse_from(["p"].iter().chain(line)).arguments.options();
        let refused = options(&["--repeat", "3"]).unwrap_err().to_string();
        assert!(refused.contains("--repeat 3 needs --rollback"), "{refused}");
        let accepted = options(&["--repeat", "3", "--rollback", "--busy", "2"]).unwrap();
        assert_eq!((accepted.repeat, accepted.busy, accepted.rollback), (3, 2, true));
        assert_eq!(options(&[]).unwrap().repeat, 1);
    }

    #[test]
    fn scripts_can_tell_an_abort_that_was_right_from_a_problem_and_from_no_run() {
        let statuses = [Judgement::Passed, Judgement::Problems, Judgement::AbortedRightly].map(exit_status);
        assert_eq!(statuses, [0, 1, 3]);
        assert!(!statuses.contains(&crate::exit::COULD_NOT_RUN));
    }
}
