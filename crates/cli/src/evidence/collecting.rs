//! Collecting the evidence of a run.

use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use crossover_operate::collect::collect;
use crossover_signing::SigningKey;

use crate::migration::{Config, work};

/// Collects, and writes the folder whole or not at all.
pub fn collected(config: &Config, run_id: &str, out: &Path, key: Option<&Path>) -> ExitCode {
    work(execute(config, run_id, out, key), |interrupt| {
        format!("{interrupt}: nothing was written")
    })
}

async fn execute(config: &Config, run_id: &str, out: &Path, key: Option<&Path>) -> anyhow::Result<ExitCode> {
    let load = |file: &Path| SigningKey::load(file).with_context(|| format!("--key {}", file.display()));
    let key = key.map(load).transpose()?;
    let clients = config.clients().await?;
    let collected = Box::pin(collect(&clients, run_id)).await?;
    let written = collected.evidence.write(out, key.as_ref())?;
    eprintln!("{}: {written}", out.display());
    for missing in &collected.missing {
        eprintln!("missing: {missing}");
    }
    Ok(if collected.missing.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
