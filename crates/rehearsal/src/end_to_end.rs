//! The rehearsal from start to end.

use std::{fs, path::PathBuf, time::Instant};

use crossover_clock::SystemClock;
use crossover_core::{Plan, ports::Clock as _};
use crossover_stand::{Parts, Progress, loopback, parts, progress::step};
use uuid::Uuid;

use crate::{
    assembly::assemble,
    dump,
    environment::Environment,
    error::{RehearsalError, Result},
    evidence::{self, Evidence},
    load::{Load, LoadConfig, StrayConfig},
    options::RehearsalOptions,
    report::Report,
    run::{RunOutcome, RunRecord, execute},
    workshop,
};

/// Number of clients that share the operations.
const CLIENTS: u32 = 32;

/// A completed rehearsal.
pub struct RehearsalOutput {
    pub report: Report,
    pub json: PathBuf,
    pub html: PathBuf,
}

/// Fetches, builds, starts, runs, reports and cleans up. A cutover that fails, and a component that ends
/// during the traffic, are part of the report; an error means that there is no report.
pub async fn rehearse(options: &RehearsalOptions, progress: &dyn Progress) -> Result<RehearsalOutput> {
    let began = Instant::now();
    if !options.dumps.is_empty() {
        // Checked before anything is fetched, built or started.
        dump::check(&options.dumps)?;
    }
    loopback::allow_many_files();
    let parts = parts::ensure(&options.workspace, parts::Set::Rehearsal, progress).await?;
    let products = workshop::build(&options.workspace, &parts, progress).await?;
    fs::create_dir_all(&options.out).map_err(RehearsalError::file(&options.out))?;
    let mut environment = Environment::set(options, &parts, &products, progress).await?;
    let identity_sql = options.out.join("replica-identity.sql");
    if let Some(sql) = &environment.tables.identity_sql {
        fs::write(&identity_sql, sql).map_err(RehearsalError::file(&identity_sql))?;
    } else if identity_sql.exists() {
        // Left by an earlier run.
        fs::remove_file(&identity_sql).map_err(RehearsalError::file(&identity_sql))?;
    }
    let mut evidence = match perform(&environment, options, progress).await {
        Ok(evidence) => evidence,
        Err(error) => return Err(environment.reason(error)),
    };
    evidence.ended_early = environment.ended_early().map(|error| error.to_string());
    let report = assemble(options, &parts_of(&parts), began.elapsed(), evidence);
    let (json, html) = report
        .write(&options.out)
        .map_err(RehearsalError::file(&options.out))?;
    let ending = step(progress, "stop every component");
    environment.shutdown().await?;
    ending.done();
    Ok(RehearsalOutput { report, json, html })
}

fn parts_of(parts: &Parts) -> std::collections::BTreeMap<String, String> {
    parts.versions().clone()
}

/// Runs the traffic, the cutover and the rollback under load, and the final inspection.
async fn perform(
    environment: &Environment,
    options: &RehearsalOptions,
    progress: &dyn Progress,
) -> Result<Evidence> {
    let tokens_file = options.out.join("work").join("acknowledged");
    let mut load = Load::open(LoadConfig {
        base_url: environment.edge.url.clone(),
        writes_per_s: options.writes_per_s,
        reads_per_s: options.reads_per_s,
        clients: CLIENTS,
        mode: environment.mode,
        customers: environment.generated.map_or(1, |g| g.customers),
        stray: (options.strays_per_s > 0).then(|| StrayConfig {
            direct_source_url: environment.source_api.base_url(),
            per_s: options.strays_per_s,
        }),
        tokens_file: tokens_file.clone(),
    })?;
    begin_traffic(&mut load, options, progress).await;

    let run_id = |kind: &str| format!("{kind}-{}", &Uuid::new_v4().simple().to_string()[..8]);
    let cutover_plan = environment.plan(&run_id("cutover"), options.dry_run);
    let cutover = run(
        environment,
        &environment.cloud.cutover,
        "cutover",
        &cutover_plan,
        progress,
    )
    .await;
    steady(&mut load, "after the cutover", progress).await;
    let mut runs = vec![cutover];
    if options.rollback && runs[0].outcome == RunOutcome::Committed && !options.dry_run {
        let plan = environment.plan(&run_id("rollback"), false);
        runs.push(
            run(
                environment,
                &environment.cloud.rollback,
                "rollback",
                &plan,
                progress,
            )
            .await,
        );
        steady(&mut load, "after the rollback", progress).await;
    }
    let closing = step(progress, "end the traffic, compare the ledger and every table");
    let result = load.stop().await?;
    let evidence = evidence::collect(environment, options, runs, result).await;
    closing.done();
    Ok(evidence)
}

/// Finds what the machine carries, starts the traffic at a rate below it, and waits until its latency has come to
/// rest.
async fn begin_traffic(load: &mut Load, options: &RehearsalOptions, progress: &dyn Progress) {
    let calibrating = step(progress, "calibration: how many writes/s this machine carries");
    let (carried, rates) = load.calibrate().await;
    calibrating.done();
    let reason = if rates.writes_per_s < options.writes_per_s {
        format!("60 % of the {carried:.0} writes/s that this machine carries")
    } else {
        format!("this machine carries {carried:.0} writes/s")
    };
    let traffic = step(
        progress,
        format!(
            "traffic: {} writes/s and {} reads/s through the Worker; {reason}",
            rates.writes_per_s, rates.reads_per_s
        ),
    );
    load.begin(rates);
    let is_steady = load.steady("before the cutover").await;
    traffic.done();
    say_if_not(is_steady, progress);
}

/// Traffic until its latency has come to rest.
async fn steady(load: &mut Load, when: &str, progress: &dyn Progress) {
    let waiting = step(progress, format!("steady traffic {when}"));
    let is_steady = load.steady(when).await;
    waiting.done();
    say_if_not(is_steady, progress);
}

fn say_if_not(is_steady: bool, progress: &dyn Progress) {
    if !is_steady {
        // A step that is dropped is shown as failed.
        drop(step(
            progress,
            "the latency of writes is still changing after 60 s; the rehearsal goes on",
        ));
    }
}

/// One execution of a state machine. If it cannot be observed to its end, the run has failed for that reason.
async fn run(
    environment: &Environment,
    machine: &str,
    what: &str,
    plan: &Plan,
    progress: &dyn Progress,
) -> RunRecord {
    let started_at = SystemClock.now();
    match execute(&environment.cloud, machine, what, plan, progress).await {
        Ok(record) => record,
        Err(error) => RunRecord::unobserved(&plan.run_id, started_at, format!("{what}: {error}")),
    }
}
