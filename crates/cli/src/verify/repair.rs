//! `crossover verify --repair`.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::ValueEnum;
use crossover_clock::SystemClock;
use crossover_core::{UnixMillis, plan::Scope, ports::Clock};
use crossover_postgres::PostgresDatabase;
use crossover_report::number::duration;
use crossover_verify::{
    Report, Sides, VerifyOptions, compare_rows,
    repair::{
        ApplyOptions, Heading, Outcome, RepairError, RepairPlan, RepairReport, RowResult, apply, plan,
        write_scripts,
    },
    rows::Selection,
};

use super::{Rows, Writer, words};
use crate::visible::visible;

/// Maximum number of differences reported for a repair: unreported differences are not repaired.
const NAMED: usize = 100_000;
/// Number of unrepaired rows shown; the report has the others.
const SHOWN: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Write the SQL and its inverse
    Plan,
    /// The same, then run it on the target in small transactions, and compare again
    Apply,
}

/// Options of the repair.
#[derive(clap::Args)]
#[command(next_help_heading = "Repair")]
pub struct RepairArguments {
    /// Make the target's differing rows equal to the source's; apply writes to the target, and never over a
    /// newer change
    #[arg(long, value_enum, value_name = "MODE", conflicts_with_all = ["quick", "explain_sql", "estimate"])]
    repair: Option<Mode>,
    /// Folder for repair.sql and repair-inverse.sql, which contain values of rows
    #[arg(
        long,
        value_name = "DIR",
        default_value = "target/verify",
        requires = "repair"
    )]
    repair_out: PathBuf,
}

impl RepairArguments {
    /// Maximum number of differences reported for each table.
    pub fn max_reported(&self) -> usize {
        if self.repair.is_some() { NAMED } else { 1_000 }
    }

    /// Whether rows are to be repaired or a plan is to be made.
    pub(super) const fn is_wanted(&self) -> bool {
        self.repair.is_some()
    }

    /// Whether only a plan is made, without changes.
    pub(super) const fn only_plans(&self) -> bool {
        matches!(self.repair, Some(Mode::Plan))
    }

    /// Refuses a repair that would undo the application's own writes, before anything is read.
    pub(super) fn check(&self, writer: Writer) -> anyhow::Result<()> {
        if self.repair.is_some() && writer == Writer::Target {
            return Err(RepairError::TargetIsWriter.into());
        }
        Ok(())
    }

    pub fn when_interrupted(&self) -> String {
        match self.repair {
            Some(Mode::Apply) => format!(
                "repaired rows stay repaired; {} reverts them",
                self.repair_out.join("repair-inverse.sql").display()
            ),
            _ => "nothing was changed on either side".to_owned(),
        }
    }

    /// Plans, and repairs if requested; the report then contains the result of the comparison afterwards.
    pub async fn run(
        &self,
        sides: &Sides<'_>,
        databases: (&PostgresDatabase, &PostgresDatabase),
        scope: &Scope,
        options: &VerifyOptions,
        report: &mut Report,
    ) -> anyhow::Result<Option<RepairReport>> {
        let Some(mode) = self.repair else {
            return Ok(None);
        };
        let target = databases.1;
        let plan = plan(sides, target, scope, options, report).await?;
        self.write(sides, &plan, databases, report).await?;
        let mut planned = RepairReport::planned(&plan);
        words::repair(&mut planned);
        if mode == Mode::Plan || plan.rows() == 0 {
            eprint!("{}", text(&planned));
            return Ok(Some(planned));
        }
        eprintln!(
            "repair: {} rows of {} tables on the target, {} at a time",
            plan.rows(),
            plan.tables.len(),
            ApplyOptions::default().batch
        );
        let apply_options = ApplyOptions {
            retry_timeout_ms: options.rows.retry_timeout_ms,
            recheck_limit_ms: options.rows.recheck_limit_ms,
            ..ApplyOptions::default()
        };
        let mut repaired = apply(sides, target, &plan, apply_options).await?;
        words::repair(&mut repaired);
        eprint!("{}", text(&repaired));
        let touched = VerifyOptions {
            selection: Selection {
                tables: plan
                    .tables
                    .iter()
                    .map(|t| t.table.form.table.to_string())
                    .collect(),
                exclude: options.selection.exclude.clone(),
            },
            ..options.clone()
        };
        let progress = Rows::new();
        let began = SystemClock.now();
        let later = compare_rows(sides, scope, &touched, &progress).await?;
        progress.finish();
        report.take_again(later, SystemClock.now().since(began));
        Ok(Some(repaired))
    }

    async fn write(
        &self,
        sides: &Sides<'_>,
        plan: &RepairPlan,
        databases: (&PostgresDatabase, &PostgresDatabase),
        report: &Report,
    ) -> anyhow::Result<()> {
        let folder = &self.repair_out;
        let differ = report.tables.iter().filter(|t| !t.equal).count();
        let heading = Heading {
            made: made(SystemClock.now()),
            source: databases.0.to_string(),
            target: databases.1.to_string(),
            while_changing: "crossover verify --repair apply".to_owned(),
            comparison: format!(
                "a comparison of {} tables, of which {differ} differ, in {}",
                report.tables.len(),
                duration(report.elapsed_ms)
            ),
        };
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let paths = ["repair.sql", "repair-inverse.sql"].map(|name| folder.join(name));
        let named = |file: &Path| format!("cannot write {}", file.display());
        let mut repair = keep(&paths[0]).with_context(|| named(&paths[0]))?;
        let mut inverse = keep(&paths[1]).with_context(|| named(&paths[1]))?;
        write_scripts(sides, plan, databases.1, &heading, (&mut repair, &mut inverse))
            .await
            .with_context(|| format!("cannot write the repair into {}", folder.display()))?;
        for (mut file, path) in [repair, inverse].into_iter().zip(&paths) {
            file.flush().with_context(|| named(path))?;
            eprintln!("wrote {}", path.display());
        }
        Ok(())
    }
}

/// The time in ISO 8601.
fn made(now: UnixMillis) -> String {
    i64::try_from(now.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(String::new, |at| at.to_string())
}

/// A new file that only its owner may read, because it will contain values of rows.
fn keep(file: &Path) -> std::io::Result<BufWriter<File>> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map(BufWriter::new)
}

/// The repair as text.
fn text(report: &RepairReport) -> String {
    let mut lines = Vec::new();
    let totals = &report.totals;
    if !report.silent && totals.planned + totals.repaired > 0 {
        lines.push(
            "  triggers and foreign keys of the target fire: its role may not set session_replication_role"
                .to_owned(),
        );
        lines.extend(
            report
                .cycles
                .iter()
                .map(|cycle| format!("  circular foreign keys, rows may fail: {}", cycle.join(", "))),
        );
    }
    lines.push(if totals.planned > 0 {
        format!("  {} rows can be repaired, {} cannot", totals.planned, totals.failed)
    } else {
        format!(
            "  {} rows repaired, {} skipped: changed on the source, {} skipped: changed on the target, {} failed",
            totals.repaired, totals.changed_on_source, totals.changed_on_target, totals.failed
        )
    });
    if totals.different_again > 0 {
        lines.push(format!(
            "  {} repaired rows differ again: another session writes to them",
            totals.different_again
        ));
    }
    lines.extend(report.refused.iter().flat_map(|table| {
        [
            format!("  not repaired: {}: {}", table.name, table.reason),
            format!("    remedy: {}", table.remedy),
        ]
    }));
    let failed: Vec<String> = report.rows.iter().filter_map(failure).collect();
    lines.extend(failed.iter().take(SHOWN).cloned());
    if failed.len() > SHOWN {
        lines.push(format!(
            "    and {} more; --json lists them",
            failed.len() - SHOWN
        ));
    }
    lines
        .into_iter()
        .fold("repair\n".to_owned(), |text, line| text + &visible(&line) + "\n")
}

fn failure(row: &RowResult) -> Option<String> {
    let reason = match &row.outcome {
        Outcome::Failed { reason } => format!("failed: {reason}"),
        Outcome::SkippedChangedOnSource => "skipped: changed on the source".to_owned(),
        Outcome::SkippedChangedOnTarget => "skipped: changed on the target".to_owned(),
        Outcome::Repaired if row.different_again => "repaired, and differs again".to_owned(),
        Outcome::Repaired | Outcome::Planned => return None,
    };
    let key: Vec<String> = row
        .key
        .iter()
        .map(|(column, value)| format!("{column} = {value}"))
        .collect();
    Some(format!("    {} ({}): {reason}", row.table, key.join(", ")))
}
