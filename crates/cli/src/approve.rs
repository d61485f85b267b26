//! `crossover approve`.

use std::process::ExitCode;

use crossover_operate::approval::{Decision, answer, question};
use serde_json::json;

use crate::{
    migration::{Config, work},
    output::{print, print_json},
};

pub const MANUAL: &str = "Approve a cutover or a completion that waits for it, or reject it: plan.approval in the migration's file makes each of them wait.\n\n\
The pre-checks, the lag and the comparison of all tables have passed by then, and nothing is changed yet. After the approval the lag and the load are \
looked at again, then the run goes on. Who has answered is in the evidence of the run, as AWS knows them; the right to answer is states:SendTaskSuccess.";

/// Options of `crossover approve`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 answered; 2 no run waits for an approval, or AWS does not permit the answer; 130 interrupted."
)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// The run [default: the one that is under way]
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// End the run instead: nothing is changed
    #[arg(long)]
    reject: bool,
    /// A sentence for the evidence of the run, such as the number of a change request
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print the answer as JSON on standard output
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!(
            "{interrupt}: `crossover status{}` says whether the run still waits",
            arguments.config.shown()
        )
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clients = arguments.config.clients().await?;
    let question = question(&clients, arguments.run_id.as_deref()).await?;
    let decision = if arguments.reject {
        Decision::Reject
    } else {
        Decision::Approve
    };
    let by = answer(&clients, &question, decision, arguments.note.as_deref()).await?;
    let (id, what) = (&question.run.run_id, question.run.kind.word());
    let (verb, then) = match decision {
        Decision::Approve => ("approved", "it goes on"),
        Decision::Reject => ("rejected", "it ends, and nothing was changed"),
    };
    if arguments.json {
        print_json(&json!({ "run_id": id, "decision": verb, "by": by }))?;
    } else {
        print(&format!("{what} {id} is {verb} by {by}: {then}.\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}
