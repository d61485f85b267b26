//! The rehearsal from start to end.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use crossover_clock::SystemClock;
use crossover_core::ports::Clock as _;
use crossover_stand::{Parts, Progress, loopback, parts, progress::step};
use uuid::Uuid;

use crate::{
    assembly::{Evidence, assemble},
    dump,
    environment::Environment,
    error::{RehearsalError, Result},
    inspection, ledger,
    load::{Load, LoadConfig, LoadResult, Side, StrayConfig, read_tokens},
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

/// Fetches, builds, starts, runs, reports and cleans up. A cutover that fails is part of the report; an error
/// means that there is no report.
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
    let evidence = match perform(&environment, options, progress).await {
        Ok(evidence) => evidence,
        Err(error) => return Err(environment.reason(error)),
    };
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
    let load = Load::start(LoadConfig {
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
    let calm = Duration::from_secs(options.calm_s);
    let traffic = step(
        progress,
        format!(
            "traffic: {} writes/s and {} reads/s through the Worker",
            options.writes_per_s, options.reads_per_s
        ),
    );
    tokio::time::sleep(calm).await;
    traffic.done();

    let run_id = |kind: &str| format!("{kind}-{}", &Uuid::new_v4().simple().to_string()[..8]);
    let cutover_plan = environment.plan(&run_id("cutover"), options.dry_run);
    let cutover = execute(
        &environment.cloud,
        &environment.cloud.cutover,
        "cutover",
        &cutover_plan,
        progress,
    )
    .await?;
    tokio::time::sleep(calm).await;
    let mut runs = vec![cutover];
    if options.rollback && runs[0].outcome == RunOutcome::Committed && !options.dry_run {
        let plan = environment.plan(&run_id("rollback"), false);
        runs.push(
            execute(
                &environment.cloud,
                &environment.cloud.rollback,
                "rollback",
                &plan,
                progress,
            )
            .await?,
        );
        tokio::time::sleep(calm).await;
    }
    let closing = step(progress, "end the traffic, compare the ledger and every table");
    let result = load.stop().await?;
    let evidence = inspect(environment, options, runs, result).await?;
    closing.done();
    Ok(evidence)
}

async fn inspect(
    environment: &Environment,
    options: &RehearsalOptions,
    runs: Vec<RunRecord>,
    load: LoadResult,
) -> Result<Evidence> {
    let admin = environment.edge.admin()?;
    let lane_error = |e: crossover_edge_admin::EdgeError| RehearsalError::Aws {
        what: "the lane".to_owned(),
        reason: e.to_string(),
    };
    let lane = admin.read().await.map_err(lane_error)?;
    let audit = admin.audit().await.map_err(lane_error)?;
    let writer = match lane.writer {
        crossover_core::routing::Side::Source => Side::Source,
        crossover_core::routing::Side::Target => Side::Target,
    };
    let (committed, other) = match writer {
        Side::Source => (&environment.databases.source, &environment.databases.target),
        Side::Target => (&environment.databases.target, &environment.databases.source),
    };
    let moved = runs
        .last()
        .is_some_and(|run| run.outcome == RunOutcome::Committed)
        && !options.dry_run;
    // A stopped stream leaves the sides unequal for a reason that the report has; the ledger still counts.
    let (inspection, inspection_failure) = match inspection::inspect(
        &environment.databases,
        writer,
        moved,
        &environment.tables.scope,
        &environment.tables.not_carried,
    )
    .await
    {
        Ok(inspection) => (inspection, None),
        Err(error) => (inspection::Inspection::default(), Some(error.to_string())),
    };
    let acknowledged = read_tokens(&load.tokens_file).map_err(RehearsalError::file(&load.tokens_file))?;
    let (ours, theirs) = (committed.inspector().await?, other.inspector().await?);
    let verdict = ledger::verdict(&acknowledged, &ours, Some(&theirs))
        .await
        .map_err(RehearsalError::database("comparing the ledger"))?;
    let lag = crate::lag::points(&environment.cloud, load.started_at, SystemClock.now()).await?;
    Ok(Evidence {
        audit_problem: audit.verify(&lane.lane).err().map(|e| e.to_string()),
        audit: audit.entries,
        serving: lane.phase,
        runs,
        load,
        verdict,
        inspection,
        inspection_failure,
        left_out: environment.left_out.clone(),
        exclude_option: environment.tables.exclude_option(),
        faults: environment.tables.faults.clone(),
        lag,
    })
}
