//! `crossover check`.

mod scope;
mod table;

use std::{path::PathBuf, process::ExitCode, time::Instant};

use crossover_core::{
    Direction, Millis,
    finding::{CheckReport, CheckVerdict, CheckedDatabase},
    plan::{EngineName, Limits},
};
use crossover_interrupt::unless_interrupted;
use crossover_report::checks;
use crossover_stages::pre_check::{Asked, CheckContext, run_all};

use crate::{
    databases::{CatalogueTimeout, Connected, Databases},
    exit::{COULD_NOT_RUN, ended},
    output::{print, print_json},
    page,
};

/// Why the checks of replication have no answer here.
const NO_REPLICATION: &str =
    "asks the replication between the two databases, which only the stage pre-check of a run can reach";

/// What `--help` begins with.
pub const MANUAL: &str = "Run the pre-checks of a cutover against two databases, without AWS.\n\n\
These are the checks that the stage pre-check runs before a cutover (docs/checks.md), in the direction from the source to the target and with the \
default limits of a plan. Checks that ask AWS are listed as not checked here; the stage still makes them. `crossover explain ID` explains a check.\n\n\
Log in with the roles that the functions will use (the secrets of the plan): the checks judge what these roles see and may do. They need no superuser; \
a superuser sees more than they do, so the result is then worth less, and a note says so.";

/// Options of `crossover check`.
#[derive(clap::Args)]
#[command(
    mut_arg("source", |url| url.required(true)),
    mut_arg("target", |url| url.required(true)),
    after_help = "Exit status: 0 no finding blocks the cutover; 1 blocked, whatever else is unknown; 2 a check, or the command, could not run; \
130 interrupted.\n\
Nothing is changed on either side."
)]
pub struct Arguments {
    #[command(flatten)]
    databases: Databases,
    /// Only these schemas, as scope.schemas of the plan; separated by commas or repeated [default: every user schema]
    #[arg(long = "schema", value_name = "SCHEMA", value_delimiter = ',')]
    schemas: Vec<String>,
    /// Leave these tables out, as scope.exclude of the plan: schema.table or table, * for any characters;
    /// separated by commas or repeated
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    exclude: Vec<String>,
    /// Roles that the cutover does not lock, as exempt_roles of the plan, on both sides: the replication user,
    /// monitoring. The roles that log in are exempt anyway
    #[arg(long = "exempt-role", value_name = "ROLE", value_delimiter = ',')]
    exempt_roles: Vec<String>,
    #[command(flatten)]
    catalogue_timeout: CatalogueTimeout,
    /// Name every object of every finding
    #[arg(long)]
    all: bool,
    /// Print the report as JSON on standard output (docs/schema/check-report.json); the table goes to standard error
    #[arg(long)]
    json: bool,
    /// Write the report as an HTML page in a single file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Runs the checks.
pub fn run(arguments: &Arguments) -> ExitCode {
    ended(execute(arguments))
}

fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(file) = &arguments.html {
        page::can_be_written(file)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let report = match runtime.block_on(unless_interrupted(examine(arguments))) {
        Ok(report) => report?,
        Err(interrupt) => {
            eprintln!("{interrupt}: nothing was changed on either side");
            return Ok(ExitCode::from(interrupt.exit_status()));
        }
    };
    let table = table::text(&report, arguments.all);
    if arguments.json {
        print_json(&report)?;
        eprint!("{table}");
    } else {
        print(&table)?;
    }
    if let Some(file) = &arguments.html {
        page::write(file, &checks::page(&report))?;
    }
    Ok(exit_code(report.verdict))
}

fn exit_code(verdict: CheckVerdict) -> ExitCode {
    match verdict {
        CheckVerdict::NotBlocked => ExitCode::SUCCESS,
        CheckVerdict::Blocked => ExitCode::FAILURE,
        CheckVerdict::Unknown => ExitCode::from(COULD_NOT_RUN),
    }
}

async fn examine(arguments: &Arguments) -> anyhow::Result<CheckReport> {
    let (began, began_at) = (Instant::now(), jiff::Timestamp::now());
    let (source, target) = arguments.databases.connect(&arguments.exempt_roles).await?;
    let limited = |side| arguments.catalogue_timeout.of(side);
    let (source, target) = (limited(source), limited(target));
    let scoped = scope::of(arguments, &source.database, &target.database).await?;
    let notes = scope::notes(
        arguments,
        &scoped.scope,
        [("source", &source), ("target", &target)],
    )
    .await?;
    let (engine, limits) = (EngineName::new(crossover_postgres::ENGINE), Limits::default());
    let checks = run_all(&CheckContext {
        direction: Direction::Forward,
        scope: &scoped.scope,
        limits: &limits,
        old_writer: Asked::new(&engine, &source.database),
        new_writer: Asked::new(&engine, &target.database),
        carrier: Err(NO_REPLICATION),
    })
    .await;
    let described = |side: Connected, tables| CheckedDatabase {
        database: side.place,
        role: side.role,
        tables,
    };
    Ok(CheckReport {
        verdict: CheckVerdict::of(&checks),
        source: described(source, scoped.tables.0),
        target: described(target, scoped.tables.1),
        scope: scoped.scope,
        exempt_roles: arguments.exempt_roles.clone(),
        notes,
        checks,
        began_at: began_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        elapsed_ms: Millis(began.elapsed().as_millis() as u64),
    })
}
