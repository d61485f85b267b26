//! `crossover abort`.

use std::process::ExitCode;

use crossover_operate::{abort::abort, run::RunOutcome};

use crate::{
    migration::{Config, work},
    output::print,
    run::followed,
};

pub const MANUAL: &str = "End a run before its commit: the lane is told first, after which the run can no longer arm or commit; then everything that it has prepared is undone.\n\n\
An execution that is under way undoes its own work. If its execution was stopped or has failed, a further execution of the same state machine does it. A \
run that has committed is never undone: if nothing works on it any more, it is rolled forward, so that held writes are released.";

/// Options of `crossover abort`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 the old writer serves as before the run, or a committed run was rolled forward; 1 the abort itself failed; 2 could not run; \
                  130 interrupted: the abort goes on."
)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// The run [default: the one that is under way or that holds the lane]
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!(
            "{interrupt}: an abort that has begun goes on; `crossover status{}` says where it stands",
            arguments.config.shown()
        )
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clients = arguments.config.clients().await?;
    let ending = abort(&clients, arguments.run_id.as_deref()).await?;
    let how = if ending.recovers {
        "recovered by an execution of its own"
    } else {
        "told to abort; its execution ends it"
    };
    let run = &ending.run;
    eprintln!("run {} is {how}\n  {}", run.run_id, run.arn);
    let record = followed(&clients, run).await?;
    let (id, old, new) = (
        &run.run_id,
        run.kind.direction().old_writer(),
        run.kind.direction().new_writer(),
    );
    match record.outcome {
        RunOutcome::Aborted => print(&format!(
            "Run {id} is aborted: the {old} owns writes as before.\n"
        ))?,
        RunOutcome::Committed => {
            print(&format!(
                "Run {id} had committed and is complete: the {new} owns writes.\n"
            ))?;
        }
        RunOutcome::Failed if superseded(&record.errors) => {
            print(&format!(
                "Another run has changed the writer since: nothing of run {id} was left to undo.\n"
            ))?;
        }
        RunOutcome::Failed => {
            eprintln!(
                "the abort failed: {}\n`crossover status{}` says where the lane stands, docs/runbooks.md what to do",
                record.errors.join("; "),
                arguments.config.shown()
            );
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Another run has changed the writer since: there was nothing to undo.
fn superseded(errors: &[String]) -> bool {
    errors.iter().any(|error| error.starts_with("CutoverSuperseded"))
}
