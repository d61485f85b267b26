//! `crossover run`, `crossover rollback` and `crossover complete`.

mod following;
mod summary;

use std::{path::PathBuf, pin::pin, process::ExitCode, sync::OnceLock};

use crossover_core::{Millis, error::RetryClass};
use crossover_operate::{
    approval::{Decision, answer, question},
    begin::{Asked, Begun, begin},
    clients::Clients,
    follow::{Pace, follow},
    kind::Kind,
    run::{RunExecution, RunOutcome, RunRecord},
};
use futures::future::{Either, select};
use serde_json::json;

use crate::{
    markdown::append,
    migration::{Config, work},
    output::print_json,
};

/// An abort that was right: no client saw an error, and a later run may succeed without any change.
const ABORTED_RIGHTLY: u8 = 3;

/// How often an execution is read. Step Functions permits 5 reads of a history in a second and account.
const PACE: Pace = Pace {
    read_every: Millis(2_000),
    limit: Millis(u64::MAX),
};

pub const RUN_MANUAL: &str = "Start the cutover: the state machine of the migration's file, with a new run.\n\n\
Nothing is started while another run of the lane is under way, or when the target serves already. A run of a given --run-id that has begun is not \
started again; with --follow it is followed, and if it has ended its outcome is shown.";

pub const ROLLBACK_MANUAL: &str = "Start the rollback: the same way with the sides swapped, over reverse replication.\n\n\
Nothing is started while another run of the lane is under way, or when the source serves already. A run of a given --run-id that has begun is not \
started again; with --follow it is followed, and if it has ended its outcome is shown.";

pub const COMPLETE_MANUAL: &str = "End the migration once the rollback window (plan.rollback_window_h, 48 hours by default) is over: rule out a rollback at the \
lane, then remove reverse replication, the forward task and every retained position of Crossover, and prove that none is left.\n\n\
Until then both databases keep changes for the streams, and their disks fill. Afterwards no rollback is possible. The source stays locked, with its access \
snapshot: a program that still knows its address must not write there. A completion that was interrupted is started again and goes on.";

/// Options of `crossover run`, `crossover rollback` and `crossover complete`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 started; with --follow: 0 committed or completed, or the dry run has passed; 1 refused, aborted or failed; 3 aborted or refused, and \
                  a later run may succeed without any change, because the systems were too busy or somebody aborted it; 2 could not run; 130 interrupted while following: the run goes on."
)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// Change nothing: run the same states with writes replaced, and print what they would do
    #[arg(long)]
    dry_run: bool,
    /// Follow the run to its end. Ctrl-C ends only the following
    #[arg(long)]
    follow: bool,
    /// Answer the run's own question for its approval, if plan.approval asks for one: for a workflow that somebody has
    /// approved already
    #[arg(long, requires = "follow")]
    approve: bool,
    /// Name of the run: lower-case letters, digits and - [default: the migration, what it does and the time]
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// Append the outcome to this file as Markdown, for the summary of a workflow
    #[arg(long, value_name = "FILE", requires = "follow")]
    summary: Option<PathBuf>,
    /// Print the outcome as JSON on standard output
    #[arg(long)]
    json: bool,
}

/// Starts a run, and follows it if asked to.
pub fn run(arguments: &Arguments, kind: Kind) -> ExitCode {
    let begun = OnceLock::new();
    work(execute(arguments, kind, &begun), |interrupt| {
        begun.get().map_or_else(
            || format!("{interrupt}: nothing was started"),
            |begun| {
                format!(
                    "{interrupt}: the run goes on; `{}` follows it again, `crossover abort{}` ends it",
                    following(arguments, begun),
                    arguments.config.shown()
                )
            },
        )
    })
}

/// The command that follows the run.
fn following(arguments: &Arguments, begun: &Begun) -> String {
    format!(
        "crossover {}{} --follow --run-id {}",
        begun.run.kind.sub_command(),
        arguments.config.shown(),
        begun.run.run_id
    )
}

async fn execute(arguments: &Arguments, kind: Kind, begun: &OnceLock<Begun>) -> anyhow::Result<ExitCode> {
    if let Some(file) = &arguments.summary {
        append(file, "")?;
    }
    let clients = arguments.config.clients().await?;
    let asked = Asked {
        kind,
        dry_run: arguments.dry_run,
        run_id: arguments.run_id.as_deref(),
    };
    let started = begin(&clients, asked).await?;
    let begun = begun.get_or_init(|| started);
    let run = &begun.run;
    let verb = if begun.known { "found" } else { "started" };
    eprintln!("{verb} {} {}\n  {}", kind.word(), run.run_id, run.arn);
    if !arguments.follow {
        eprintln!("follow it: {}", following(arguments, begun));
        if arguments.json {
            print_json(&json!({ "run_id": run.run_id, "execution": run.arn, "known": begun.known }))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let record = if arguments.approve {
        approved_and_followed(&clients, run).await?
    } else {
        followed(&clients, run).await?
    };
    report(arguments, &record)?;
    Ok(ExitCode::from(exit_status(&record)))
}

/// Follows an execution and shows its stages.
pub async fn followed(clients: &Clients, run: &RunExecution) -> anyhow::Result<RunRecord> {
    let watcher = following::Lines::new(run.kind.word());
    Ok(follow(&clients.runs, run, PACE, &watcher).await?)
}

/// Follows an execution, and approves it when it asks. Where that is not permitted the run waits for somebody else.
async fn approved_and_followed(clients: &Clients, run: &RunExecution) -> anyhow::Result<RunRecord> {
    let watcher = following::Lines::new(run.kind.word());
    let follow = pin!(follow(&clients.runs, run, PACE, &watcher));
    let approve = pin!(async {
        loop {
            watcher.asked().await;
            match approve(clients, run).await {
                Ok(by) => eprintln!("    approved by {by}"),
                Err(error) => eprintln!("    the run could not be approved: {error}"),
            }
        }
    });
    match select(follow, approve).await {
        Either::Left((record, _)) => Ok(record?),
        Either::Right((never, _)) => never,
    }
}

async fn approve(clients: &Clients, run: &RunExecution) -> crossover_operate::Result<String> {
    let question = question(clients, Some(&run.run_id)).await?;
    answer(
        clients,
        &question,
        Decision::Approve,
        Some("crossover run --approve"),
    )
    .await
}

fn report(arguments: &Arguments, record: &RunRecord) -> anyhow::Result<()> {
    eprint!("\n{}", summary::text(record, arguments.dry_run));
    if let Some(file) = &arguments.summary {
        append(file, &summary::markdown(record, arguments.dry_run))?;
    }
    if arguments.json {
        print_json(&record.document())?;
    }
    Ok(())
}

/// The exit status of a run that has been followed to its end.
pub fn exit_status(record: &RunRecord) -> u8 {
    let later = record
        .error
        .is_some_and(|error| error.retry() == RetryClass::Later);
    match record.outcome {
        RunOutcome::Committed => 0,
        RunOutcome::Aborted if later => ABORTED_RIGHTLY,
        RunOutcome::Aborted | RunOutcome::Failed => 1,
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::{Direction, ErrorName, UnixMillis};

    use super::*;

    #[test]
    fn scripts_can_tell_an_abort_that_may_be_tried_again_as_it_is() {
        let of = |outcome, error| {
            let run = RunRecord::unobserved("r", Direction::Forward, UnixMillis(0), String::new());
            exit_status(&RunRecord {
                outcome,
                error,
                ..run
            })
        };
        assert_eq!(of(RunOutcome::Committed, None), 0);
        assert_eq!(of(RunOutcome::Aborted, Some(ErrorName::TooBusy)), 3);
        assert_eq!(of(RunOutcome::Aborted, Some(ErrorName::ChecksFailed)), 1);
        assert_eq!(of(RunOutcome::Failed, Some(ErrorName::TooBusy)), 1);
    }
}
