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
    let world = arguments.config.world().await?;
    let ending = abort(&world, arguments.run_id.as_deref()).await?;
    let how = if ending.recovers {
        "recovered by an execution of its own"
    } else {
        "told to abort; its execution ends it"
    };
    eprintln!("run {} is {how}\n  {}", ending.run_id, ending.execution);
    let record = followed(&world, (&ending.execution, &ending.run_id), ending.direction).await?;
    let (old, new) = (ending.direction.old_writer(), ending.direction.new_writer());
    match record.outcome {
        RunOutcome::Aborted => print(&format!(
            "Run {} is aborted: the {old} owns writes as before.\n",
            ending.run_id
        ))?,
        RunOutcome::Committed => print(&format!(
            "Run {} had committed and is complete: the {new} owns writes.\n",
            ending.run_id
        ))?,
        RunOutcome::Failed => anyhow::ensure!(
            superseded(&record.errors),
            "the abort did not end well: {}\n`crossover status` says where the lane stands, docs/runbooks.md what to do",
            record.errors.join("; ")
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// Another run has changed the writer since: there was nothing to undo.
fn superseded(errors: &[String]) -> bool {
    errors.iter().any(|error| error.starts_with("CutoverSuperseded"))
}
