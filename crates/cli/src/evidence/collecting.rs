//! Collecting the evidence of a run.

use std::{fmt::Write as _, path::Path, process::ExitCode};

use anyhow::Context as _;
use crossover_evidence::Written;
use crossover_operate::collect::collect;
use crossover_signing::SigningKey;
use serde_json::json;

use super::Arguments;
use crate::{
    github::RunApprovals,
    markdown::{append, escaped},
    migration::work,
    signing_key,
};

/// Collects, and writes the folder whole or not at all.
pub fn collected(arguments: &Arguments, run_id: &str, out: &Path) -> ExitCode {
    work(execute(arguments, run_id, out), |interrupt| {
        format!("{interrupt}: nothing was written")
    })
}

async fn execute(arguments: &Arguments, run_id: &str, out: &Path) -> anyhow::Result<ExitCode> {
    if let Some(file) = &arguments.summary {
        append(file, "")?;
    }
    let key = key(arguments.key.as_deref())?;
    let clients = arguments.config.clients().await?;
    let (collected, approvals) = tokio::join!(Box::pin(collect(&clients, run_id)), approvals(arguments));
    let mut collected = collected?;
    let stored = approvals.as_ref().map(|github| json!({ "github": github }));
    collected.add(
        "approvals.json",
        "who approved in GitHub",
        stored.map_err(|error| format!("{error:#}")),
    );
    let written = collected.evidence.write(out, key.as_ref())?;
    eprintln!("{}: {written}", out.display());
    for missing in &collected.missing {
        eprintln!("missing: {missing}");
    }
    if let Some(file) = &arguments.summary {
        let approvals = approvals.ok().flatten();
        append(
            file,
            &markdown(run_id, &written, approvals.as_ref(), &collected.missing),
        )?;
    }
    Ok(if collected.missing.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn key(file: Option<&Path>) -> anyhow::Result<Option<SigningKey>> {
    match file {
        Some(file) => {
            let key = SigningKey::load(file).with_context(|| format!("--key {}", file.display()))?;
            Ok(Some(key))
        }
        None => signing_key::of_environment(),
    }
}

/// What GitHub knows of the workflow's run; none where no run was named.
async fn approvals(arguments: &Arguments) -> anyhow::Result<Option<RunApprovals>> {
    match &arguments.workflow_run {
        Some(run) => Ok(Some(arguments.api.client()?.approvals(run).await?)),
        None => Ok(None),
    }
}

/// What was collected, as a section of Markdown.
fn markdown(run_id: &str, written: &Written, approvals: Option<&RunApprovals>, missing: &[String]) -> String {
    let mut text = format!("## Evidence of {}\n\n", escaped(run_id));
    // Writing into a string cannot fail.
    let _ = writeln!(text, "- {}", escaped(&written.to_string()));
    if let Some(approvals) = approvals {
        let approved = approvals.approved();
        let _ = match approved.as_slice() {
            [] => writeln!(text, "- nobody has approved the run in GitHub"),
            approved => writeln!(text, "- approved in GitHub by {}", escaped(&approved.join(", "))),
        };
    }
    for missing in missing {
        let _ = writeln!(text, "- missing: {}", escaped(missing));
    }
    text.push('\n');
    text
}
