//! Assembles the report from the final state.

mod runs;

use std::{collections::BTreeMap, time::Duration};

use crossover_core::{
    ErrorName, FractionalMillis,
    catalogue::ReplicaIdentity,
    routing::{Command, UnixMillis},
};
use serde_json::Value;

use runs::{failure, outcome, rows, unknown};

use crate::{
    final_state::FinalState,
    inspection::Inspection,
    options::RehearsalOptions,
    report::{
        Breakdown, Creator, Direction, LoadFacts, NotReplicated, Outcome, PauseWindow, Phase, Reads, Report,
        ResourceRow, Run, SequenceRow, Series, StageRun, TableRow, Timeline, Writes, pause,
    },
    run::RunRecord,
};

/// Components that a rehearsal replaces with stand-ins.
const NOT_REAL: &[&str] = &[
    "AWS DMS: its JSON API is a small server of the rehearsal that drives PostgreSQL's own logical replication; task states, counts and latency are those of the real replication, DMS's own times are not",
    "AWS: MiniStack runs the state machines and starts the functions; their start-up and transition times are not Lambda's and Step Functions'",
    "Aurora: PostgreSQL 17 is the target",
    "Cloudflare: workerd runs the Worker in one location; propagation between locations is not part of the figures",
    "The network: everything is on one machine's loopback, without TLS to the databases and the edge",
];

/// Writes the report.
pub fn assemble(
    options: &RehearsalOptions,
    parts: &BTreeMap<String, String>,
    elapsed: Duration,
    final_state: FinalState,
) -> Report {
    let started = final_state.load.started_at;
    let since_start = |at: UnixMillis| FractionalMillis::between(started, at);
    let holds: Vec<FractionalMillis> = final_state
        .audit
        .iter()
        .filter_map(|entry| match entry.command {
            Command::Arm { hold_at_ms, .. } => Some(since_start(hold_at_ms)),
            _ => None,
        })
        .collect();
    let windows = pause::measure(&final_state.load.samples, &holds);
    let directions: Vec<Direction> = final_state
        .runs
        .iter()
        .map(|run| {
            // A run that failed before arming has no hold; the audit log shows which run armed and when.
            let hold = final_state
                .audit
                .iter()
                .filter(|e| matches!(e.command, Command::Arm { .. }))
                .position(|e| e.run_id.as_deref() == Some(&run.run_id));
            direction(run, hold.and_then(|index| windows.get(index).copied().flatten()))
        })
        .collect();
    let runs = rows(&final_state, &directions, since_start);
    let cutover = directions.first().cloned().unwrap_or_default();
    let (outcome, asked) = (
        outcome(options, &final_state.runs, final_state.phase),
        asked(options),
    );
    let unknown = unknown(&final_state);
    let client_errors = final_state.load.writes.errors + final_state.load.reads.errors;
    let not_replicated = final_state
        .faults
        .iter()
        .map(|fault| NotReplicated {
            table: fault.table.to_string(),
            tables_under_it: fault.children,
            cause: match fault.identity {
                ReplicaIdentity::Missing(missing) => missing.because().to_owned(),
                ReplicaIdentity::Key | ReplicaIdentity::FullRow => String::new(),
            },
        })
        .collect();
    let ledger = final_state.ledger.clone().unwrap_or_default();
    let mut parts = parts.clone();
    parts.insert("crossover".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    Report {
        outcome,
        asked,
        failure: failure(&final_state.runs, &unknown),
        unknown,
        series: (options.repeat > 1)
            .then(|| Series::of(&runs, options.repeat, client_errors, final_state.interrupted)),
        runs,
        writes: Writes {
            acknowledged: final_state.ledger.as_ref().map_or(
                final_state.load.writes.acknowledged + final_state.load.stray.acknowledged,
                |ledger| ledger.acknowledged,
            ),
            present: ledger.present,
            lost: ledger.lost,
            duplicated: ledger.duplicated,
            errors: final_state.load.writes.errors,
            held: final_state.load.writes.held,
            refused: final_state.load.writes.refused,
        },
        reads: Reads {
            total: final_state.load.reads.total,
            errors: final_state.load.reads.errors,
            stale: final_state.load.reads.stale,
        },
        pause_ms: cutover.pause_ms,
        pause_breakdown_ms: cutover.pause_breakdown_ms.clone(),
        stages: cutover.stages.clone(),
        tables: tables(&final_state.inspection),
        not_replicated,
        exclude_option: final_state.exclude_option.clone(),
        sequences: sequences(&final_state.inspection),
        parts,
        resources: resources(&final_state.resources),
        not_real: NOT_REAL
            .iter()
            .map(|&text| text.to_owned())
            .chain(final_state.left_out.iter().cloned())
            .collect(),
        run: Run {
            id: final_state
                .runs
                .first()
                .map(|run| run.run_id.clone())
                .unwrap_or_default(),
            started_at: rfc3339(started),
            duration_ms: elapsed.into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data: data(options),
            writes_per_s: options.writes_per_s,
            reads_per_s: options.reads_per_s,
            clients: 32,
        },
        load: LoadFacts::of(&final_state.load.sending, options.busy),
        plan: final_state
            .runs
            .first()
            .map(|run| run.planned.clone())
            .unwrap_or_default(),
        stray: (options.strays_per_s > 0).then_some(final_state.load.stray),
        error_texts: final_state.load.error_texts.clone(),
        timeline: Timeline::new(
            &final_state.load.samples,
            final_state.lag.clone(),
            phases(&final_state, since_start),
        ),
        ledger: final_state.ledger,
        directions,
    }
}

/// What is in the local AWS, and what a rehearsal always starts by itself.
fn resources(in_aws: &[ResourceRow]) -> Vec<ResourceRow> {
    let own = [("PostgreSQL server", 2), ("sample API", 2), ("Worker", 1)];
    let own = own.map(|(kind, count)| ResourceRow::new(kind, count, Creator::Rehearsal));
    in_aws.iter().cloned().chain(own).collect()
}

fn asked(options: &RehearsalOptions) -> Outcome {
    match (options.dry_run, options.rollback) {
        (true, _) => Outcome::Planned,
        (false, true) => Outcome::RolledBack,
        (false, false) => Outcome::Committed,
    }
}

fn direction(run: &RunRecord, window: Option<PauseWindow>) -> Direction {
    let parts = breakdown(&run.results, window.map(|w| w.released_ms - w.hold_at_ms));
    let of_the_median = |window: PauseWindow| {
        let from = window.median_from_ms;
        parts.within(window.hold_at_ms, from, from + window.pause.p50)
    };
    Direction {
        median_breakdown_ms: window.map(of_the_median).unwrap_or_default(),
        name: run.kind().word().to_owned(),
        from: run.direction.old_writer().to_string(),
        to: run.direction.new_writer().to_string(),
        hold_at_ms: window.map(|w| w.hold_at_ms),
        released_ms: window.map(|w| w.released_ms),
        held_writes: window.map(|w| w.held).unwrap_or_default(),
        pause_ms: window.map(|w| w.pause),
        pause_breakdown_ms: parts,
        stragglers: stragglers(&run.results),
        stages: run
            .stages
            .iter()
            .map(|stage| StageRun {
                name: stage.name.clone(),
                duration_ms: stage.duration,
                outcome: if stage.outcome == "done" {
                    "succeeded".to_owned()
                } else {
                    run.error.map_or("failed", ErrorName::name).to_owned()
                },
            })
            .collect(),
    }
}

/// The parts of the pause, by the clocks of the two functions that make it; last, the time from the release until
/// the application has answered every held write. Their sum is `window`, the time from the hold to the last of these answers.
fn breakdown(results: &Value, window: Option<FractionalMillis>) -> Breakdown {
    let drain = &results["connection_drain"]["result"]["output"];
    let sync = &results["final_sync"]["result"]["output"];
    let ms = |of: &Value, key: &str| FractionalMillis(of[key].as_f64().unwrap_or_default());
    let none = FractionalMillis::default();
    if drain["hold_at_ms"].is_null() {
        return Breakdown::default();
    }
    let (hold_at, drained_at) = (ms(drain, "hold_at_ms"), ms(drain, "drained_at_ms"));
    let [quiet, ended, locked] = ["edge_quiet_ms", "in_flight_ms", "lock_ms"].map(|key| ms(drain, key));
    let mut parts = vec![
        ("writes in flight are answered", quiet),
        ("transactions end", (ended - quiet).max(none)),
        ("writers are locked", (locked - ended).max(none)),
        (
            "sessions end, two checks",
            (drained_at - hold_at - locked).max(none),
        ),
    ];
    if !sync["entered_at_ms"].is_null() {
        let proof = ms(sync, "marker_ms").max(ms(sync, "sequences_ms"));
        let known = proof + ms(sync, "commit_ms") + ms(sync, "open_ms") + ms(sync, "release_ms");
        let whole = ms(sync, "released_at_ms") - ms(sync, "entered_at_ms");
        parts.extend([
            (
                "Step Functions, to the next function",
                (ms(sync, "entered_at_ms") - drained_at).max(none),
            ),
            ("marker and sequences", proof),
            ("checks and positions", (whole - known).max(none)),
            ("commit", ms(sync, "commit_ms")),
            ("open the new writer", ms(sync, "open_ms")),
            ("release", ms(sync, "release_ms")),
        ]);
        let held = ms(sync, "released_at_ms") - hold_at;
        parts.extend(window.map(|window| ("held writes are answered", (window - held).max(none))));
    }
    parts.into_iter().collect()
}

fn stragglers(results: &Value) -> Vec<String> {
    let named = results["connection_drain"]["result"]["output"]["stragglers"].as_array();
    let named = named.into_iter().flatten().filter_map(Value::as_str);
    named.map(str::to_owned).collect()
}

/// Bands of the timeline: the stages, and the time from hold to release, which every client notices.
fn phases(final_state: &FinalState, since_start: impl Fn(UnixMillis) -> FractionalMillis) -> Vec<Phase> {
    let mut phases: Vec<Phase> = final_state
        .runs
        .iter()
        .flat_map(|run| &run.stages)
        .map(|stage| {
            let start_ms = since_start(stage.entered_at);
            Phase {
                name: stage.name.clone(),
                start_ms,
                end_ms: start_ms + stage.duration.into(),
                holds: false,
            }
        })
        .collect();
    let calibration = Phase {
        name: "calibration".to_owned(),
        end_ms: final_state.load.sending.begun_ms,
        ..Phase::default()
    };
    phases.insert(0, calibration);
    let mut held_since = None;
    for entry in &final_state.audit {
        match (&entry.command, held_since) {
            (Command::Arm { hold_at_ms, .. }, _) => held_since = Some(since_start(*hold_at_ms)),
            (Command::Release { .. }, Some(start_ms)) => {
                phases.push(Phase {
                    name: "writes held".to_owned(),
                    start_ms,
                    end_ms: since_start(entry.at_ms),
                    holds: true,
                });
                held_since = None;
            }
            _ => {}
        }
    }
    phases
}

fn tables(inspection: &Inspection) -> Vec<TableRow> {
    inspection
        .tables
        .iter()
        .map(|t| TableRow {
            name: t.name.clone(),
            rows_source: t.rows.map(|rows| rows.0),
            rows_target: t.rows.map(|rows| rows.1),
            equal: t.equal,
            not_compared: t.not_compared.clone(),
        })
        .collect()
}

fn sequences(inspection: &Inspection) -> Vec<SequenceRow> {
    inspection
        .sequences
        .iter()
        .map(|s| SequenceRow {
            name: s.name.clone(),
            source: s.source,
            target: s.target,
            ahead: s.ahead,
        })
        .collect()
}

fn data(options: &RehearsalOptions) -> String {
    if options.dumps.is_empty() {
        return format!("generated shop, {} orders", options.rows);
    }
    let names: Vec<_> = options
        .dumps
        .iter()
        .map(|d| d.file_name().unwrap_or_default().to_string_lossy())
        .collect();
    names.join(", ")
}

/// RFC 3339 in UTC, to the second.
fn rfc3339(at: UnixMillis) -> String {
    jiff::Timestamp::from_second((at.0 / 1000) as i64).map_or_else(|_| String::new(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_written_in_a_readable_format() {
        assert_eq!(rfc3339(UnixMillis(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(UnixMillis(1_767_323_045_250)), "2026-01-02T03:04:05Z");
    }

    #[test]
    fn a_pause_without_a_second_function_ends_with_the_drain() {
        let results = serde_json::json!({ "connection_drain": { "result": { "output": {
            "hold_at_ms": 1000, "drained_at_ms": 1200, "edge_quiet_ms": 60, "in_flight_ms": 100, "lock_ms": 140 } } } });
        let parts = breakdown(&results, None);
        let lengths: Vec<f64> = parts.0.iter().map(|(_, length)| length.0).collect();
        assert_eq!(lengths, [60.0, 40.0, 40.0, 60.0]);
        assert!((parts.total().0 - 200.0).abs() < f64::EPSILON);
        assert_eq!(breakdown(&Value::Null, None), Breakdown::default());
    }

    #[test]
    fn the_parts_add_up_to_the_time_from_the_hold_to_the_last_answer() {
        let results = serde_json::json!({
            "connection_drain": { "result": { "output": {
                "hold_at_ms": 1000, "drained_at_ms": 1050, "edge_quiet_ms": 20, "in_flight_ms": 20, "lock_ms": 30 } } },
            "final_sync": { "result": { "output": {
                "entered_at_ms": 1065, "released_at_ms": 1110, "marker_ms": 9, "sequences_ms": 12, "commit_ms": 5,
                "open_ms": 8, "release_ms": 13 } } },
        });
        let parts = breakdown(&results, Some(FractionalMillis(170.0)));
        assert!((parts.total().0 - 170.0).abs() < 1e-9, "{parts:?}");
        let (name, last) = parts.0.last().expect("there are parts");
        assert_eq!((name.as_str(), last.0), ("held writes are answered", 60.0));
    }
}
