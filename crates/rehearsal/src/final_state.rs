//! What is known at the end of the traffic. A question that a component no longer answers is named in the
//! report; the answers of all others still count.

use std::fmt::Display;

use crossover_clock::SystemClock;
use crossover_core::{
    ports::Clock as _,
    routing::{AuditEntry, AuditLog, LaneRecord, Phase, Side},
    schema::IdentityFault,
};

use crate::{
    environment::Environment,
    error::RehearsalError,
    inspection::{self, Inspection},
    ledger::{self, Verdict},
    load::{LoadResult, read_tokens},
    options::RehearsalOptions,
    report::{LagPoint, ResourceRow},
    run::{RunOutcome, RunRecord},
    series::streams_of,
};

/// Everything known at the end of the traffic.
pub struct FinalState {
    pub runs: Vec<RunRecord>,
    pub load: LoadResult,
    /// Absent if the ledger was not compared.
    pub ledger: Option<Verdict>,
    pub inspection: Inspection,
    /// Whether the user has ended a series before its end.
    pub interrupted: bool,
    /// The component that ended during the run, how, and where its log is.
    pub ended_early: Option<String>,
    /// What could not be found out, and why, as sentences.
    pub unknown: Vec<String>,
    /// The option that excludes the tables which the stream cannot carry.
    pub exclude_option: Option<String>,
    pub faults: Vec<IdentityFault>,
    /// Features that the servers lack and that were left out of the dump, as sentences.
    pub left_out: Vec<String>,
    /// What was created in the local AWS.
    pub resources: Vec<ResourceRow>,
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
) -> FinalState {
    let mut unknown = Unknown::default();
    let lane = unknown.answer_or_note("the lane gave no answer", lane(environment).await);
    let writer = lane.as_ref().map_or_else(
        || {
            let writer = last_known_writer(&runs);
            unknown.note(format!(
                "the ledger was compared with the last known writer, the {writer}"
            ));
            writer
        },
        |lane| lane.record.writer,
    );
    if let Some(lane) = &lane {
        let complete = lane.audit.verify(&lane.record.lane);
        unknown.answer_or_note("the lane's audit log is incomplete", complete);
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
    );
    let inspection = unknown.answer_or_note("the two sides could not be compared", inspection.await);
    let ledger = ledger(environment, writer, &load, &mut unknown).await;
    let ledger = unknown.answer_or_note("the ledger could not be compared", ledger);
    let lag = crate::lag::points(
        &environment.cloud,
        streams_of(&runs),
        load.started_at,
        SystemClock.now(),
    )
    .await;
    let lag = unknown.answer_or_note("the replication lag could not be read", lag);
    let (phase, audit) = lane.map_or((None, Vec::new()), |lane| {
        (Some(lane.record.phase), lane.audit.entries)
    });
    FinalState {
        runs,
        load,
        ledger,
        inspection: inspection.unwrap_or_default(),
        interrupted: false,
        ended_early: None,
        unknown: unknown.0,
        exclude_option: environment.tables.exclude_option(),
        faults: environment.tables.faults.clone(),
        left_out: environment.left_out.clone(),
        resources: environment.cloud.resources.clone(),
        audit,
        phase,
        lag: lag.unwrap_or_default(),
    }
}

/// What could not be found out, and why, as sentences.
#[derive(Default)]
struct Unknown(Vec<String>);

impl Unknown {
    fn note(&mut self, sentence: String) {
        self.0.push(sentence);
    }

    /// The answer; without one, `what` and the reason are noted.
    fn answer_or_note<T, E: Display>(&mut self, what: &str, answer: Result<T, E>) -> Option<T> {
        answer
            .map_err(|reason| self.note(format!("{what}: {reason}")))
            .ok()
    }
}

/// The lane at the end.
struct LaneAtTheEnd {
    record: LaneRecord,
    audit: AuditLog,
}

async fn lane(environment: &Environment) -> Result<LaneAtTheEnd, RehearsalError> {
    let admin = environment.edge.admin()?;
    Ok(LaneAtTheEnd {
        record: admin.read().await?,
        audit: admin.audit().await?,
    })
}

/// The writer by the results of the runs: each commit that a function reported has changed the writer.
fn last_known_writer(runs: &[RunRecord]) -> Side {
    let is_committed = |run: &&RunRecord| run.results["final_sync"]["result"]["output"]["committed"] == true;
    let commits = runs.iter().filter(is_committed).count();
    if commits.is_multiple_of(2) {
        Side::Source
    } else {
        Side::Target
    }
}

async fn ledger(
    environment: &Environment,
    writer: Side,
    load: &LoadResult,
    unknown: &mut Unknown,
) -> Result<Verdict, RehearsalError> {
    let databases = &environment.databases;
    let (committed, other) = match writer {
        Side::Source => (&databases.source, &databases.target),
        Side::Target => (&databases.target, &databases.source),
    };
    let acknowledged = read_tokens(&load.tokens_file).map_err(RehearsalError::file(&load.tokens_file))?;
    let ours = committed.inspector().await?;
    // Without the other side the acknowledged writes are still checked.
    let theirs = other.inspector().await;
    let theirs = unknown.answer_or_note("writes that only the other side has are unknown", theirs);
    ledger::verdict(&acknowledged, &ours, theirs.as_ref())
        .await
        .map_err(RehearsalError::database("comparing the ledger"))
}

#[cfg(test)]
mod tests {
    use crossover_core::{Direction, UnixMillis};
    use serde_json::json;

    use super::*;

    fn run(committed: bool) -> RunRecord {
        RunRecord {
            run_id: "r".to_owned(),
            direction: Direction::Forward,
            completes: false,
            started_at: UnixMillis(0),
            outcome: RunOutcome::Failed,
            error: None,
            errors: Vec::new(),
            stages: Vec::new(),
            results: json!({ "final_sync": { "result": { "output": { "committed": committed } } } }),
            planned: Vec::new(),
        }
    }

    #[test]
    fn the_last_known_writer_follows_from_the_commits_that_were_reported() {
        assert_eq!(last_known_writer(&[]), Side::Source);
        assert_eq!(last_known_writer(&[run(false)]), Side::Source);
        assert_eq!(last_known_writer(&[run(true)]), Side::Target);
        assert_eq!(last_known_writer(&[run(true), run(false)]), Side::Target);
        assert_eq!(last_known_writer(&[run(true), run(true)]), Side::Source);
    }
}
