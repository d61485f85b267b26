//! `crossover evidence`.

mod collecting;
mod words;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use crossover_evidence::{EvidenceVerdict, check};
use crossover_signing::PublicKey;

use crate::{
    exit::ended,
    github::{Api, WorkflowRun},
    migration::Config,
    output::{print, print_json},
};

/// What `--help` begins with.
pub const MANUAL: &str = "Collect the evidence of a run into a folder, or check such a folder: plan, stages, history, journal and the lane's audit log of one run, with a \
manifest that names the SHA-256 of each file.\n\n\
Every file that was changed, renamed, added or taken away is named, all at once; so are symbolic links, which are not followed, and a manifest that was \
changed itself. A check writes nothing and uses no network.\n\n\
Who wrote the evidence is proven only by a signature and the public key of its owner, obtained over a trusted channel: without the key, anyone can have \
written it again.\n\n\
With --workflow-run, GitHub is asked who started that run of a workflow and who approved its jobs. GITHUB_TOKEN holds a token that may read it: \
fine-grained with the repository permission Actions (read), in a workflow the job's own with `permissions: actions: read`. docs/evidence.md describes the folder, and how to check it with other tools.";

/// Options of `crossover evidence`. What is to be done is one of the group `action`.
#[derive(clap::Args)]
#[command(
    group = clap::ArgGroup::new("action").required(true),
    after_help = "Exit status: 0 collected, or unchanged; 1 changed, not signed by the given key, or collected with a part missing (every reason is printed); 2 the folder, \
a file in it, the key, or the run could not be read."
)]
pub struct Arguments {
    /// Compare the folder with its manifest
    #[arg(long, value_name = "DIR", group = "action")]
    check: Option<PathBuf>,
    /// The public key of whoever collects the evidence, from a source you trust: the manifest has to be signed with it
    #[arg(long, value_name = "FILE", requires = "check")]
    public_key: Option<PathBuf>,
    /// Print JSON on standard output (docs/schema/evidence-check.json)
    #[arg(long, requires = "check")]
    json: bool,
    /// Collect the evidence of this run from Step Functions, the journal and the edge
    #[arg(long, value_name = "ID", group = "action", requires = "out")]
    run_id: Option<String>,
    /// The folder to write; earlier evidence of the same run is replaced as a whole
    #[arg(long, value_name = "DIR", requires = "run_id")]
    out: Option<PathBuf>,
    /// The private key that signs the manifest (PEM, docs/certificates.md); CROSSOVER_SIGNING_KEY may contain the PEM instead
    #[arg(long, value_name = "FILE", requires = "run_id")]
    key: Option<PathBuf>,
    /// The run of a workflow in GitHub that did this, so that the evidence says who started and approved it
    #[arg(long, value_name = "OWNER/NAME/ID/ATTEMPT", requires = "run_id")]
    workflow_run: Option<WorkflowRun>,
    /// Append what was collected to this file as Markdown, for the summary of a workflow
    #[arg(long, value_name = "FILE", requires = "run_id")]
    summary: Option<PathBuf>,
    #[command(flatten)]
    api: Api,
    #[command(flatten)]
    config: Config,
}

/// Does the action that was asked for.
pub fn run(arguments: &Arguments) -> ExitCode {
    if let (Some(run_id), Some(out)) = (&arguments.run_id, &arguments.out) {
        return collecting::collected(arguments, run_id, out);
    }
    let done = match &arguments.check {
        Some(folder) => checked(folder, arguments),
        None => Err(anyhow::anyhow!(
            "nothing was asked for; see `crossover evidence --help`"
        )),
    };
    ended(done)
}

fn checked(folder: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let load =
        |file: &Path| PublicKey::load(file).with_context(|| format!("--public-key {}", file.display()));
    let key = arguments.public_key.as_deref().map(load).transpose()?;
    let report = check(folder, key.as_ref())?;
    if arguments.json {
        print_json(&report)?;
        eprint!("{}", words::text(&report));
    } else {
        print(&words::text(&report))?;
    }
    Ok(match report.verdict {
        EvidenceVerdict::Unchanged => ExitCode::SUCCESS,
        EvidenceVerdict::Changed => ExitCode::FAILURE,
    })
}
