//! `crossover rehearse`.

mod steps;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use crossover_interrupt::unless_interrupted;
use crossover_rehearsal::{
    RehearsalOptions, rehearse,
    report::{Judgement, Outcome, Report},
};

use crate::output::print;
use steps::Steps;

/// Exit status when the rehearsal could not run.
const COULD_NOT_RUN: u8 = 2;

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

impl Arguments {
    fn options(&self) -> anyhow::Result<RehearsalOptions> {
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
    match execute(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = arguments.options()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let progress = Steps::new();
    let held = match runtime.block_on(unless_interrupted(rehearse(&options, &progress))) {
        Ok(held) => held?,
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
    Ok(ExitCode::from(exit_status(held.report.judgement())))
}

/// Shortens a long list of names. The option that lets the next run continue is printed completely.
const LONGEST: usize = 600;

fn shortened(line: &str) -> String {
    if line.len() <= LONGEST || line.contains("--exclude ") {
        return line.to_owned();
    }
    let end = line.floor_char_boundary(LONGEST);
    format!(
        "{} … (--all prints the rest, and the report has it)",
        &line[..end]
    )
}

/// The verdict in a few lines.
fn summary(report: &Report, all: bool) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("\n");
    let rightly = report.judgement() == Judgement::AbortedRightly;
    let aborted = report.aborted_rightly();
    let outcome = match report.outcome {
        _ if rightly => &aborted,
        Outcome::Committed => "committed: the target serves",
        Outcome::Aborted => "aborted: the source serves as before",
        Outcome::RolledBack => "rolled back: the source serves again",
        Outcome::Planned => "planned: nothing was changed",
        Outcome::Failed => "failed",
    };
    let writes = &report.writes;
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{}", outcome.to_uppercase());
    for step in &report.plan {
        let _ = writeln!(text, "  would {step}");
    }
    let _ = writeln!(
        text,
        "  load     {}",
        report.load.in_words(report.run.writes_per_s)
    );
    let compared = match report.ledger {
        Some(_) => format!(
            "{} present, {} lost, {} duplicated",
            writes.present, writes.lost, writes.duplicated
        ),
        None => "not compared with the databases".to_owned(),
    };
    let _ = writeln!(
        text,
        "  writes   {} acknowledged, {compared}, {} errors, {} held",
        writes.acknowledged, writes.errors, writes.held
    );
    let _ = writeln!(
        text,
        "  reads    {} answered, {} errors, {} stale",
        report.reads.total, report.reads.errors, report.reads.stale
    );
    for direction in &report.directions {
        if let Some(pause) = direction.pause_ms {
            let _ = writeln!(
                text,
                "  {:<8} added write latency p50 {:.0} ms, p95 {:.0} ms, max {:.0} ms",
                direction.name, pause.p50.0, pause.p95.0, pause.max.0
            );
        }
    }
    if let Some(stray) = &report.stray {
        let _ = writeln!(
            text,
            "  strays   {} writes past the Worker: {} taken while the source was open, {} refused by its lock",
            stray.total, stray.acknowledged, stray.refused
        );
    }
    let equal = report.tables.iter().filter(|t| t.equal).count();
    let ahead = report.sequences.iter().filter(|s| s.ahead).count();
    let _ = writeln!(
        text,
        "  data     {equal} of {} tables equal, {ahead} of {} sequences ahead",
        report.tables.len(),
        report.sequences.len()
    );
    let reason = if rightly { "reason" } else { "problem" };
    for problem in report.problems() {
        for line in problem.lines() {
            let _ = writeln!(
                text,
                "  {reason}: {}",
                if all { line.to_owned() } else { shortened(line) }
            );
        }
    }
    for warning in report.warnings() {
        let _ = writeln!(text, "  warning: {warning}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_can_tell_an_abort_that_was_right_from_a_problem_and_from_no_run() {
        let statuses = [Judgement::Passed, Judgement::Problems, Judgement::AbortedRightly].map(exit_status);
        assert_eq!(statuses, [0, 1, 3]);
        assert!(!statuses.contains(&COULD_NOT_RUN));
    }
}
