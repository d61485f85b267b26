//! `crossover approvers`.

mod words;

use std::process::ExitCode;

use serde::Serialize;

use crate::{
    exit::ended,
    github::{Api, Environment, Repository, environment},
    output::{print, print_json},
};

/// What `--help` begins with.
pub const MANUAL: &str = "Say who has to approve a job in an environment of GitHub, before a workflow starts a cutover there: the required reviewers, whether whoever \
starts a run may approve it, and the wait timer.\n\n\
GITHUB_TOKEN holds a token that may read the repository's environments: fine-grained with the repository permission Actions (read), in a workflow the job's own \
with `permissions: actions: read`. It is sent to the API only, over TLS, and never printed. One request is made, two where the environment is unknown; nothing is changed.\n\n\
Required reviewers protect the jobs that name the environment, and nothing else. In private repositories they need GitHub Enterprise; without it, let \
the state machine wait for an approval, or use another control.";

/// Options of `crossover approvers`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 somebody has to approve; 1 nobody has to; 2 unknown: no such environment, a token that is missing or refused, GitHub does \
not answer."
)]
pub struct Arguments {
    /// The repository
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Repository,
    /// The environment that the workflow's job names
    #[arg(long, value_name = "NAME", value_parser = environment)]
    environment: String,
    #[command(flatten)]
    api: Api,
    /// Print JSON on standard output; the text goes to standard error
    #[arg(long)]
    json: bool,
}

/// The answer, as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    repository: String,
    environment: &'a str,
    /// Whether a job in the environment waits for an approval.
    approval_required: bool,
    #[serde(flatten)]
    protection: &'a Environment,
}

/// Asks GitHub.
pub fn run(arguments: &Arguments) -> ExitCode {
    ended(execute(arguments).map(|required| {
        if required {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }))
}

/// Whether somebody has to approve.
fn execute(arguments: &Arguments) -> anyhow::Result<bool> {
    let github = arguments.api.client()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let asked = github.environment(&arguments.repository, &arguments.environment);
    let protection = runtime.block_on(asked)?;
    let answer = Answer {
        repository: arguments.repository.to_string(),
        environment: &arguments.environment,
        approval_required: protection.requires_approval(),
        protection: &protection,
    };
    if arguments.json {
        print_json(&answer)?;
        eprint!("{}", words::text(&answer));
    } else {
        print(&words::text(&answer))?;
    }
    Ok(answer.approval_required)
}
