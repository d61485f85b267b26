//! What is known at the end of the traffic. A question that a component no longer answers is named in the
//! report; the answers of all others still count.

use crossover_clock::SystemClock;
use crossover_core::{
    ports::Clock as _,
    routing::{AuditEntry, Phase, Side as Writer},
    schema::IdentityFault,
};

use crate::{
    environment::Environment,
    error::RehearsalError,
    inspection::{self, Inspection},
    ledger::{self, Verdict},
    load::{LoadResult, Side, read_tokens},
    options::RehearsalOptions,
    report::LagPoint,
    run::{RunOutcome, RunRecord},
};

/// Everything known at the end of the traffic.
pub struct Evidence {
    pub runs: Vec<RunRecord>,
    pub load: LoadResult,
    /// Absent if the ledger was not compared.
    pub ledger: Option<Verdict>,
    pub inspection: Inspection,
    /// The component that ended during the run, how, and where its log is.
    pub ended_early: Option<String>,
    /// What could not be found out, and why, as sentences.
    pub unknown: Vec<String>,
    /// The option that excludes the tables which the stream cannot carry.
    pub exclude_option: Option<String>,
    pub faults: Vec<IdentityFault>,
    /// Features that the servers lack and that were left out of the dump, as sentences.
    pub left_out: Vec<String>,
    /// The lane's audit log; empty if the lane did not answer.
    pub audit: Vec<AuditEntry>,
    /// The lane's phase; absent if the lane did not answer.
    pub phase: Option<Phase>,
    pub lag: Vec<LagPoint>,
}

/// Asks every component.
pub async fn collect(
    environment: &Environment,
    options: &RehearsalOptions,
    runs: Vec<RunRecord>,
    load: LoadResult,
) -> Evidence {
    let mut unknown = Vec::new();
    let lane = lane(environment)
        .await
        .map_err(|reason| unknown.push(format!("the lane gave no answer: {reason}")))
        .ok();
    let writer = lane.as_ref().map_or_else(
        || {
            let writer = last_known_writer(&runs);
            unknown.push(format!(
                "the ledger was compared with the last known writer, the {writer}"
            ));
            writer
        },
        |lane| lane.writer,
    );
    let writer = match writer {
        Writer::Source => Side::Source,
        Writer::Target => Side::Target,
    };
    if let Some(reason) = lane.as_ref().and_then(|lane| lane.audit_problem.as_ref()) {
        unknown.push(format!("the lane's audit log is incomplete: {reason}"));
    }
    let moved = runs
        .last()
        .is_some_and(|run| run.outcome == RunOutcome::Committed)
        && !options.dry_run;
    // A stopped stream leaves the sides unequal for a reason that the report has; the ledger still counts.
    let inspection = inspection::inspect(
        &environment.databases,
        writer,
        moved,
        &environment.tables.scope,
        &environment.tables.not_carried,
    )
    .await
    .unwrap_or_else(|error| {
        unknown.push(format!("the two sides could not be compared: {error}"));
        Inspection::default()
    });
    let ledger = ledger(environment, writer, &load, &mut unknown)
        .await
        .map_err(|error| format!("the ledger could not be compared: {error}"));
    let ledger = ledger.map_err(|reason| unknown.push(reason)).ok();
    let lag = crate::lag::points(&environment.cloud, load.started_at, SystemClock.now())
        .await
        .unwrap_or_else(|error| {
            unknown.push(format!("the replication lag could not be read: {error}"));
            Vec::new()
        });
    let (phase, audit) = lane.map_or((None, Vec::new()), |lane| (Some(lane.phase), lane.audit));
    Evidence {
        runs,
        load,
        ledger,
        inspection,
        ended_early: None,
        unknown,
        exclude_option: environment.tables.exclude_option(),
        faults: environment.tables.faults.clone(),
        left_out: environment.left_out.clone(),
        audit,
        phase,
        lag,
    }
}

/// The lane at the end.
struct LaneAtTheEnd {
    writer: Writer,
    phase: Phase,
    audit: Vec<AuditEntry>,
    audit_problem: Option<String>,
}

async fn lane(environment: &Environment) -> Result<LaneAtTheEnd, String> {
    let admin = environment.edge.admin().map_err(|e| e.to_string())?;
    let record = admin.read().await.map_err(|e| e.to_string())?;
    let audit = admin.audit().await.map_err(|e| e.to_string())?;
    Ok(LaneAtTheEnd {
        writer: record.writer,
        phase: record.phase,
        audit_problem: audit.verify(&record.lane).err().map(|e| e.to_string()),
        audit: audit.entries,
    })
}

/// The writer by the results of the runs: each commit that a function reported has changed the writer.
fn last_known_writer(runs: &[RunRecord]) -> Writer {
    let is_committed = |run: &&RunRecord| run.results["final_sync"]["result"]["output"]["committed"] == true;
    let commits = runs.iter().filter(is_committed).count();
    if commits.is_multiple_of(2) {
        Writer::Source
    } else {
        Writer::Target
    }
}

async fn ledger(
    environment: &Environment,
    writer: Side,
    load: &LoadResult,
    unknown: &mut Vec<String>,
) -> Result<Verdict, RehearsalError> {
    let databases = &environment.databases;
    let (committed, other) = match writer {
        Side::Source => (&databases.source, &databases.target),
        Side::Target => (&databases.target, &databases.source),
    };
    let acknowledged = read_tokens(&load.tokens_file).map_err(RehearsalError::file(&load.tokens_file))?;
    let ours = committed.inspector().await?;
    // Without the other side the acknowledged writes are still checked.
    let theirs = other.inspector().await.map_err(|error| {
        unknown.push(format!(
            "writes that only the other side has are unknown: {error}"
        ));
    });
    let theirs = theirs.ok();
    ledger::verdict(&acknowledged, &ours, theirs.as_ref())
        .await
        .map_err(RehearsalError::database("comparing the ledger"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(committed: bool) -> RunRecord {
        RunRecord {
            run_id: "r".to_owned(),
            outcome: RunOutcome::Failed,
            errors: Vec::new(),
            stages: Vec::new(),
            results: json!({ "final_sync": { "result": { "output": { "committed": committed } } } }),
            planned: Vec::new(),
        }
    }

    #[test]
    fn the_last_known_writer_follows_from_the_commits_that_were_reported() {
        assert_eq!(last_known_writer(&[]), Writer::Source);
        assert_eq!(last_known_writer(&[run(false)]), Writer::Source);
        assert_eq!(last_known_writer(&[run(true)]), Writer::Target);
        assert_eq!(last_known_writer(&[run(true), run(false)]), Writer::Target);
        assert_eq!(last_known_writer(&[run(true), run(true)]), Writer::Source);
    }
}
