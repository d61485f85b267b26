//! `crossover verify`.

mod certificate;
mod continuous;
mod estimate;
mod identity;
mod progress;
mod repair;
mod summary;
mod words;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use clap::ValueEnum;
use crossover_certificate::{Issuance, ReportDocument};
use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    plan::Scope,
    ports::{Clock, PortResult},
    routing::Side,
    rows::Hashing,
};
use crossover_interrupt::unless_interrupted;
use crossover_postgres::hash_sql;
use crossover_report::comparison;
use crossover_verify::{
    Report, Sides, VerifyOptions, prepare,
    rows::{CatchUp, RowsOptions, Selection},
    verify,
};

use crate::{
    databases::{CatalogueTimeout, Connected, Databases},
    exit::COULD_NOT_RUN,
    output::{print, print_json},
    page,
};
use certificate::{Before, CertificateArguments};
use progress::Rows;
use repair::RepairArguments;

/// Options of `crossover verify`.
#[derive(clap::Args)]
#[command(
    mut_arg("source", |url| url.required_unless_present("check_certificate")),
    mut_arg("target", |url| url.required_unless_present("check_certificate")),
    after_help = "Exit status: 0 equal; 1 different (rows, or schema unless --rows-only), whatever else could not be compared; 2 no difference is known, but \
not everything could be compared or certified; \
130 interrupted.\n\
Of a check: 0 the certificate holds; 1 it is stale, altered or another issuer's; 2 could not run.\n\
Nothing is changed on either side, except by --repair apply on the target, and crossover.catch_up_marker with --marker table. Sessions that compare are read-only."
)]
pub struct Arguments {
    #[command(flatten)]
    databases: Databases,
    /// Only these tables: schema.table or table, * for any characters, a part with a dot in double quotes;
    /// separated by commas or repeated
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    tables: Vec<String>,
    /// Leave these tables out
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    exclude: Vec<String>,
    /// Only rows that meet this SQL condition, the same on both sides; the table is called q in it
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// Concurrent chunks on each side; at most N + 2 connections are opened to each server (with --continuous N + 6)
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Target number of rows in a chunk
    #[arg(long, value_name = "N", default_value_t = RowsOptions::default().chunk_rows, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    chunk_rows: u64,
    /// Count rows and read statistics instead of comparing
    #[arg(long)]
    quick: bool,
    /// Compare only rows
    #[arg(long)]
    rows_only: bool,
    /// How rows are hashed [default: the best method that both servers support]
    #[arg(long, value_enum, value_name = "METHOD")]
    method: Option<Method>,
    /// Begin no chunk on a server while more than N other sessions are active there
    #[arg(long, value_name = "N")]
    max_load: Option<u32>,
    /// Time limit of a statement, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    statement_timeout: u64,
    #[command(flatten)]
    catalogue_timeout: CatalogueTimeout,
    /// How long a server may be unavailable, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    retry_timeout: u64,
    /// Check rows that differ again after this time, in milliseconds, until they no longer change; 0: do not
    /// check again
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(0..=600_000))]
    recheck: u64,
    /// The side the application writes to
    #[arg(long, value_enum, value_name = "SIDE", default_value_t = Writer::Source)]
    writer: Writer,
    /// Maximum number of differences reported for each table [default: 1000, with --repair 100000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_reported: Option<u32>,
    /// Print each finding separately, even if many tables have the same one
    #[arg(long)]
    all: bool,
    /// Write SQL that gives a replica identity to tables without one, for you to read and run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["explain_sql", "estimate", "rows_only", "continuous"])]
    identity_sql: Option<PathBuf>,
    /// Print the values of rows that differ; of values of more than 1,024 bytes the beginning, the length and the SHA-256
    #[arg(long)]
    show_values: bool,
    /// Print the report as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Write the report as an HTML page in a single file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["explain_sql", "estimate"])]
    html: Option<PathBuf>,
    /// Print the statement that hashes each table on the source, and exit
    #[arg(long)]
    explain_sql: bool,
    /// Measure a few chunks, print how long a comparison would take and what it would cost, and exit
    #[arg(long, conflicts_with_all = ["explain_sql", "quick"])]
    estimate: bool,
    /// Concurrent chunks of all functions together that --estimate assumes [default: as --jobs]
    #[arg(long, value_name = "N", requires = "estimate", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    workers: Option<u32>,
    #[command(flatten)]
    repair: RepairArguments,
    #[command(flatten)]
    certificates: CertificateArguments,
    #[command(flatten)]
    continuous: continuous::Continuous,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    TypedHash,
    Md5,
    Stream,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Writer {
    Source,
    Target,
}

/// Waits a fixed time: the command has no permission to write a catch-up marker.
struct FixedDelay(Millis);

#[async_trait]
impl CatchUp for FixedDelay {
    async fn wait_for_catchup(&self) -> PortResult<()> {
        SystemClock.sleep(self.0).await;
        Ok(())
    }

    fn is_exact(&self) -> bool {
        false
    }
}

impl Arguments {
    fn options(&self) -> VerifyOptions {
        VerifyOptions {
            selection: Selection {
                tables: self.tables.clone(),
                exclude: self.exclude.clone(),
            },
            rows: RowsOptions {
                jobs: usize::from(self.jobs),
                chunk_rows: self.chunk_rows,
                max_reported: self
                    .max_reported
                    .map_or(self.repair.max_reported(), |n| n as usize),
                values: self.show_values,
                retry_timeout_ms: Millis::from_seconds(self.retry_timeout),
                recheck_limit_ms: Millis((20 * self.recheck).max(20_000)),
                recheck_chunks: self.certificates.is_wanted(),
                ..RowsOptions::default()
            },
            condition: self.condition.clone(),
            hashing: self.method.map(|method| match method {
                Method::TypedHash => Hashing::TypedHash,
                Method::Md5 => Hashing::Md5,
                Method::Stream => Hashing::Stream,
            }),
            quick: self.quick,
            rows_only: self.rows_only,
            max_load: self.max_load,
        }
    }

    async fn connect_both(&self) -> anyhow::Result<(Connected, Connected)> {
        let (source, target) = self.databases.connect(&[]).await?;
        // A snapshot takes a place as long as it is read. Following reads single rows meanwhile, and they wait for no
        // chunk.
        let more = if self.continuous.is_wanted() { 2 } else { 1 };
        let reading = |mut side: Connected| {
            let limit = Duration::from_secs(self.statement_timeout);
            side.database = side.database.with_reading(usize::from(self.jobs) + more, limit);
            self.catalogue_timeout.of(side)
        };
        Ok((reading(source), reading(target)))
    }
}

/// Compares the two databases.
pub fn run(arguments: &Arguments) -> ExitCode {
    match execute(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", words::error(&error));
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    if arguments.continuous.is_wanted() {
        // This mode ends in order and drops its slot.
        return runtime.block_on(compare(arguments));
    }
    let work = async {
        match &arguments.certificates.check_certificate {
            Some(file) => certificate::check(arguments, file).await,
            None => compare(arguments).await,
        }
    };
    match runtime.block_on(unless_interrupted(work)) {
        Ok(code) => code,
        Err(interrupt) => {
            eprintln!("{interrupt}: {}", arguments.repair.when_interrupted());
            Ok(ExitCode::from(interrupt.exit_status()))
        }
    }
}

async fn compare(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    arguments.repair.check(arguments.writer)?;
    if let Some(file) = &arguments.html {
        page::can_be_written(file)?;
    }
    let issuing = arguments.certificates.issuing()?;
    anyhow::ensure!(
        issuing.is_none() || !arguments.repair.only_plans(),
        "a plan repairs nothing: request a certificate with --repair apply, or in a separate run afterwards"
    );
    let (source_side, target_side) = arguments.connect_both().await?;
    let (source, target) = (source_side.database, target_side.database);
    let options = arguments.options();
    if let Some(condition) = &options.condition {
        let checked = tokio::try_join!(
            source.check_condition(condition),
            target.check_condition(condition)
        );
        checked.context(words::CORRECT_CONDITION)?;
    }
    let scope = Scope::default();
    let fixed_delay = FixedDelay(Millis(arguments.recheck));
    let sides = Sides {
        source: &source,
        target: &target,
        writer: match arguments.writer {
            Writer::Source => Side::Source,
            Writer::Target => Side::Target,
        },
        catch_up: (arguments.recheck > 0).then_some(&fixed_delay as &dyn CatchUp),
        clock: &SystemClock,
    };
    if arguments.explain_sql {
        for table in prepare(&sides, &scope, &options).await?.tables {
            print(&format!("-- {}\n{};\n", table.table, hash_sql(&table.forms.0)))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.estimate {
        let workers = arguments.workers.unwrap_or(u32::from(arguments.jobs));
        return estimate::print(&sides, &scope, &options, workers, arguments.json).await;
    }
    let databases = (&source, &target);
    let before = match &issuing {
        Some(_) if !arguments.repair.is_wanted() => {
            Some(Before::read(databases, &sides, &scope, &options).await?)
        }
        _ => None,
    };
    if arguments.continuous.is_wanted() {
        let progress = Rows::new();
        let ready = continuous::Ready {
            source: &source,
            target: &target,
            sides,
            fixed_delay: &fixed_delay,
            scope: &scope,
            options: &options,
            progress: &progress,
            values: arguments.show_values,
            json: arguments.json,
        };
        return arguments.continuous.run(&ready).await;
    }
    let whole = async || {
        let progress = Rows::new();
        let report = verify(&sides, (&source, &target), &scope, &options, &progress).await?;
        progress.finish();
        Ok::<_, anyhow::Error>(report)
    };
    let mut report = whole().await?;
    let repaired = arguments
        .repair
        .run(&sides, databases, &scope, &options, &mut report)
        .await?;
    let certificate = match issuing {
        None => None,
        Some(issuing) => {
            // The comparison before a repair no longer describes the present rows.
            let before = if let Some(before) = before {
                before
            } else {
                let before = Before::read(databases, &sides, &scope, &options).await?;
                report = whole().await?;
                before
            };
            Some(issuing.finish(&report, before, options.condition.clone()))
        }
    };
    words::report(&mut report);
    report.databases = Some((source_side.place, target_side.place));
    if !arguments.show_values {
        report.without_values();
    }
    let certified = certificate.as_ref().is_none_or(Issuance::is_issued);
    if arguments.json {
        let document = ReportDocument {
            report: &report,
            repair: repaired.as_ref(),
            certificate: certificate.as_ref(),
        };
        print_json(&document)?;
    }
    eprint!("{}", summary::text(&report, arguments.all));
    if let Some(certificate) = &certificate {
        eprint!("{}", certificate::line(certificate));
    }
    if let Some(file) = &arguments.html {
        page::write(file, &comparison::page(&report))?;
    }
    if let Some(file) = &arguments.identity_sql {
        identity::write(file, &source, &options.selection).await?;
    }
    Ok(exit_code(&report, certified))
}

fn exit_code(report: &Report, certified: bool) -> ExitCode {
    if report.is_different() {
        ExitCode::FAILURE
    } else if report.equal && certified {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(COULD_NOT_RUN)
    }
}
