//! A rehearsal that is left running: the environment under traffic, and the file with which every command that
//! operates a migration reaches it.

use std::{fs, path::PathBuf};

use crossover_operate::config;
use crossover_stand::{Progress, progress::step};

use crate::{
    end_to_end::{open_load, set},
    error::{RehearsalError, Result},
    final_state,
    ledger::Verdict,
    options::RehearsalOptions,
    traffic,
};

/// A rehearsal that runs and waits.
#[derive(Debug, Clone)]
pub struct Kept {
    /// `crossover.toml` of this environment.
    pub config: PathBuf,
    /// Address of the Worker.
    pub edge_url: String,
}

/// What became of the traffic.
#[derive(Debug)]
pub struct KeptOutcome {
    /// Absent if the ledger could not be compared; `unknown` says why.
    pub ledger: Option<Verdict>,
    pub errors: u64,
    pub unknown: Vec<String>,
}

/// Starts the environment and its traffic, tells `begun`, and stops everything once `until` is over.
pub async fn keep(
    options: &RehearsalOptions,
    progress: &dyn Progress,
    begun: impl FnOnce(&Kept),
    until: impl Future<Output = ()>,
) -> Result<KeptOutcome> {
    let (mut environment, _) = set(options, progress).await?;
    let path = options.out.join("crossover.toml");
    let plan = environment.plan("kept", false);
    let text = config::text(&environment.cloud.settings, &plan);
    fs::write(&path, text).map_err(RehearsalError::file(&path))?;
    let mut load = open_load(&environment, options)?;
    traffic::begin(&mut load, options, progress).await;
    begun(&Kept {
        config: path,
        edge_url: environment.edge.url.clone(),
    });
    until.await;
    let closing = step(progress, "end the traffic, compare the ledger");
    let result = match load.stop().await {
        Ok(result) => result,
        Err(error) => return Err(environment.reason(error.into())),
    };
    let errors = result.writes.errors + result.reads.errors;
    let final_state = final_state::collect(&environment, options, Vec::new(), result).await;
    closing.done();
    let ending = step(progress, "stop every component");
    environment.shutdown().await?;
    ending.done();
    Ok(KeptOutcome {
        ledger: final_state.ledger,
        errors,
        unknown: final_state.unknown,
    })
}
