//! The rehearsal from start to end.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Instant};

use crossover_stand::{Progress, loopback, parts, progress::step};

use crate::{
    assembly::assemble,
    dump,
    ending::EndAfterRun,
    environment::{Environment, find_terraform},
    error::{RehearsalError, Result},
    final_state::{self, FinalState},
    load::{Load, LoadConfig, StrayConfig},
    options::RehearsalOptions,
    report::Report,
    series, traffic, workshop,
};

/// Number of clients that share the operations.
const CLIENTS: u32 = 32;

/// A completed rehearsal.
pub struct RehearsalOutput {
    pub report: Report,
    pub json: PathBuf,
    pub html: PathBuf,
}

/// A rehearsal that only its own end ends: see [`rehearse_until`].
pub async fn rehearse(options: &RehearsalOptions, progress: &dyn Progress) -> Result<RehearsalOutput> {
    rehearse_until(options, &EndAfterRun::default(), progress).await
}

/// Fetches, builds, starts, runs, reports and cleans up. A cutover that fails, and a component that ends
/// during the traffic, are part of the report; an error means that there is no report. A series ends after the
/// run that is under way when `end` is asked for.
pub async fn rehearse_until(
    options: &RehearsalOptions,
    end: &EndAfterRun,
    progress: &dyn Progress,
) -> Result<RehearsalOutput> {
    let began = Instant::now();
    let (mut environment, parts) = set(options, progress).await?;
    let mut final_state = match perform(&environment, options, end, progress).await {
        Ok(final_state) => final_state,
        Err(error) => return Err(environment.reason(error)),
    };
    final_state.interrupted = end.is_asked();
    final_state.ended_early = environment.ended_early().map(|error| error.to_string());
    let report = assemble(options, &parts, began.elapsed(), final_state);
    let (json, html) = report
        .write(&options.out)
        .map_err(RehearsalError::file(&options.out))?;
    let ending = step(progress, "stop every component");
    environment.shutdown().await?;
    ending.done();
    Ok(RehearsalOutput { report, json, html })
}

/// Fetches, builds and starts everything that a rehearsal needs, but no traffic.
pub(crate) async fn set(
    options: &RehearsalOptions,
    progress: &dyn Progress,
) -> Result<(Environment, BTreeMap<String, String>)> {
    if !options.dumps.is_empty() {
        // Checked before anything is fetched, built or started.
        dump::check(&options.dumps)?;
    }
    if options.terraform {
        find_terraform()?;
    }
    loopback::allow_many_files();
    let parts = parts::ensure(&options.workspace, parts::Set::Rehearsal, progress).await?;
    let products = workshop::build(&options.workspace, options.worker.as_deref(), &parts, progress).await?;
    let digest = products.worker.digest().map_err(workshop::broken)?;
    fs::create_dir_all(&options.out).map_err(RehearsalError::file(&options.out))?;
    let mut environment = Environment::set(options, &parts, &products, progress).await?;
    let identity_sql = options.out.join("replica-identity.sql");
    if let Some(sql) = &environment.tables.identity_sql {
        fs::write(&identity_sql, sql).map_err(RehearsalError::file(&identity_sql))?;
    } else if identity_sql.exists() {
        // Left by an earlier run.
        fs::remove_file(&identity_sql).map_err(RehearsalError::file(&identity_sql))?;
    }
    environment.keep_busy(options.busy, &options.out.join("work"))?;
    let mut versions = parts.versions().clone();
    versions.insert("edge-router".to_owned(), format!("sha256:{digest}"));
    Ok((environment, versions))
}

/// The traffic, the runs under it, and the final inspection.
async fn perform(
    environment: &Environment,
    options: &RehearsalOptions,
    end: &EndAfterRun,
    progress: &dyn Progress,
) -> Result<FinalState> {
    let mut load = open_load(environment, options)?;
    traffic::begin(&mut load, options, progress).await;
    let runs = series::perform(environment, options, &mut load, (end, progress)).await;
    let closing = step(progress, "end the traffic, compare the ledger and every table");
    let result = load.stop().await?;
    let final_state = final_state::collect(environment, options, runs, result).await;
    closing.done();
    Ok(final_state)
}

/// The traffic, which does not run yet.
pub(crate) fn open_load(environment: &Environment, options: &RehearsalOptions) -> Result<Load> {
    Ok(Load::open(LoadConfig {
        base_url: environment.edge.url.clone(),
        writes_per_s: options.writes_per_s,
        reads_per_s: options.reads_per_s,
        clients: CLIENTS,
        mode: environment.mode,
        hold: environment.hold,
        customers: environment.generated.map_or(1, |g| g.customers),
        stray: (options.strays_per_s > 0).then(|| StrayConfig {
            direct_source_url: environment.source_api.base_url(),
            per_s: options.strays_per_s,
        }),
        tokens_file: options.out.join("work").join("acknowledged"),
    })?)
}
