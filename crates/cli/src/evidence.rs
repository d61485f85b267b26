//! `crossover evidence`.

mod words;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use crossover_evidence::{EvidenceVerdict, check};
use crossover_signing::PublicKey;

use crate::output::{print, print_json};

/// Exit status when the evidence could not be checked.
const COULD_NOT_RUN: u8 = 2;

/// What `--help` begins with.
pub const MANUAL: &str = "Check the evidence of a run: the folder in which plan, stages, history, audit log and approvals of one run were stored, with a manifest that \
names the SHA-256 of each file.\n\n\
Every file that was changed, renamed, added or taken away is named, all at once; so are symbolic links, which are not followed, and a manifest that was \
changed itself. Nothing is written, and no network is used.\n\n\
Who wrote the evidence is proven only by a signature and the public key of its owner, obtained over a trusted channel: without the key, anyone can have \
written everything anew. docs/evidence.md describes the folder, and how to check it with other tools.";

/// Options of `crossover evidence`. What is to be done is one of the group `action`.
#[derive(clap::Args)]
#[command(
    group = clap::ArgGroup::new("action").required(true),
    after_help = "Exit status: 0 unchanged; 1 changed, or not signed by the given key (every reason is printed); 2 the folder, a file in it, or the key could \
not be read."
)]
pub struct Arguments {
    /// Compare the folder with its manifest
    #[arg(long, value_name = "DIR", group = "action")]
    check: Option<PathBuf>,
    /// The public key of whoever collects the evidence, from a source you trust: the manifest has to be signed with it
    #[arg(long, value_name = "FILE", requires = "check")]
    public_key: Option<PathBuf>,
    /// Print JSON on standard output (docs/schema/evidence-check.json)
    #[arg(long)]
    json: bool,
}

/// Does the action that was asked for.
pub fn run(arguments: &Arguments) -> ExitCode {
    let done = match &arguments.check {
        Some(folder) => checked(folder, arguments),
        None => Err(anyhow::anyhow!(
            "nothing was asked for; see `crossover evidence --help`"
        )),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(COULD_NOT_RUN)
    })
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
