//! `crossover prepare`.

use std::process::ExitCode;

use crossover_core::{catalogue::Shortfall, ports::Catalogue as _, routing::Side};
use crossover_operate::prepare::{NotPrepared, prepare};
use serde::Serialize;

use crate::{
    databases::{Connected, Databases},
    migration::{Config, work},
    output::{print, print_json},
};

pub const MANUAL: &str = "Create Crossover's own tables in both databases: the schema crossover with the catch-up markers, which every change stream has to \
carry, and the access snapshot, in which a cutover records what it locks. Exempt roles get what a replication user needs there. What exists is not changed, so the \
command can be repeated at any time; the pre-check PG38 says whether it is needed.\n\n\
The databases are those of the migration's file, whose secrets are read and whose exempt_roles are used; or, with --source and --target, any two. Log in with \
Crossover's role, to which the tables have to belong. Run the command where both databases can be reached: for databases inside a VPC on a host of that VPC.";

/// Options of `crossover prepare`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 both sides have everything, or --dry-run has printed what is missing; 1 a side still lacks something; 2 the command could not run; 130 interrupted."
)]
pub struct Arguments {
    #[command(flatten)]
    databases: Databases,
    #[command(flatten)]
    config: Config,
    /// Roles that carry changes: the replication users, on both sides; added to the exempt_roles of the file
    #[arg(long = "exempt-role", value_name = "ROLE", value_delimiter = ',')]
    exempt_roles: Vec<String>,
    /// Change nothing, print the SQL
    #[arg(long)]
    dry_run: bool,
    /// Print JSON on standard output
    #[arg(long)]
    json: bool,
}

/// One side, and what was done there.
#[derive(Debug, Serialize)]
struct Outcome {
    side: Side,
    database: String,
    role: String,
    state: State,
    /// What was missing; of a side that failed, what still is.
    missing: Vec<Shortfall>,
    /// What a dry run would have executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Nothing was missing.
    Complete,
    Prepared,
    /// A dry run: something is missing.
    Planned,
    Failed,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!("{interrupt}: a side may be prepared already; the same command again completes the rest")
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (source, target) = connected(arguments).await?;
    let dry_run = arguments.dry_run;
    let (source, target) = tokio::join!(
        side(Side::Source, source, dry_run),
        side(Side::Target, target, dry_run)
    );
    let outcomes = [source, target];
    if arguments.json {
        print_json(&outcomes)?;
    } else {
        print(&outcomes.iter().map(text).collect::<String>())?;
    }
    Ok(if outcomes.iter().any(|outcome| outcome.state == State::Failed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn connected(arguments: &Arguments) -> anyhow::Result<(Connected, Connected)> {
    if arguments.databases.urls().is_some() {
        return arguments.databases.connect(&arguments.exempt_roles).await;
    }
    let clients = arguments.config.clients().await?;
    Connected::of(&clients, &arguments.exempt_roles).await
}

async fn side(side: Side, connected: Connected, dry_run: bool) -> Outcome {
    let Connected {
        database,
        place,
        role,
    } = connected;
    let outcome = |state, missing, sql| Outcome {
        side,
        database: place.clone(),
        role: role.clone(),
        state,
        missing,
        sql,
        error: None,
    };
    let failed = |missing: Vec<Shortfall>, error: String| Outcome {
        error: Some(error),
        ..outcome(State::Failed, missing, None)
    };
    if dry_run {
        let asked = async {
            let missing = database.own_tables().await?;
            let sql = database.preparation().await?;
            Ok::<_, NotPrepared>((missing, sql))
        };
        return match asked.await {
            Ok((missing, _)) if missing.is_empty() => outcome(State::Complete, missing, None),
            Ok((missing, sql)) => outcome(State::Planned, missing, Some(sql)),
            Err(error) => failed(Vec::new(), error.to_string()),
        };
    }
    match prepare(side, &database).await {
        Ok(missing) if missing.is_empty() => outcome(State::Complete, missing, None),
        Ok(missing) => outcome(State::Prepared, missing, None),
        Err(error) => {
            let text = error.to_string();
            match error {
                NotPrepared::Remains { remaining, .. } => failed(remaining, text),
                NotPrepared::Port(_) => failed(Vec::new(), text),
            }
        }
    }
}

/// One side for people. What a dry run prints is SQL with comments.
fn text(outcome: &Outcome) -> String {
    let Outcome {
        side,
        database,
        role,
        missing,
        ..
    } = outcome;
    let place = format!("{side}, {database}, as {role}");
    match outcome.state {
        State::Complete => format!("-- {place}: nothing is missing\n"),
        State::Prepared => format!("-- {place}: prepared\n{}", lines(missing, "was: ", false)),
        State::Planned => format!(
            "-- {place}: would run\n{}{}",
            lines(missing, "", true),
            outcome.sql.as_deref().unwrap_or_default()
        ),
        State::Failed if missing.is_empty() => {
            format!(
                "-- {place}: failed: {}\n",
                outcome.error.as_deref().unwrap_or_default()
            )
        }
        State::Failed => format!("-- {place}: not prepared\n{}", lines(missing, "", true)),
    }
}

fn lines(missing: &[Shortfall], before: &str, remedies: bool) -> String {
    let line = |lack: &Shortfall| {
        let remedy = if remedies {
            format!("\n--     {}", lack.remedy)
        } else {
            String::new()
        };
        format!("--   {before}{} {}{remedy}\n", lack.object, lack.message)
    };
    missing.iter().map(line).collect()
}
