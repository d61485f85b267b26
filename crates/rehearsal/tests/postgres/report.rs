//! The report's two files. The pages stay in cargo's temporary folder for inspection.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crossover_contracts::document::validate;
use crossover_core::{FractionalMillis, Millis};
use crossover_rehearsal::ledger::Verdict;
use crossover_rehearsal::load::{Kind, Outcome as Ended, Sample, StrayCounts};
use crossover_rehearsal::report::{
    Breakdown, Direction, LagPoint, Outcome, Phase, Reads, Report, Run, SequenceRow, StageRun, TableRow,
    Timeline, Writes, pause,
};
use serde_json::Value;

const HOLDS_MS: [f64; 2] = [38_000.0, 71_000.0];
const HELD_MS: f64 = 130.0;

/// 200 writes and 100 reads a second for 90 s; writes due within a hold are answered at its end.
fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut noise = 7_u32;
    for number in 0..18_000_u32 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let jitter = f64::from(noise >> 24) / 128.0;
        let slow = if noise.is_multiple_of(97) { 14.0 } else { 0.0 };
        let at_ms = f64::from(number) * 5.0;
        let left = HOLDS_MS
            .iter()
            .map(|hold| hold + HELD_MS - at_ms)
            .find(|left| (0.0..=HELD_MS).contains(left));
        let sample = Sample {
            at_ms: FractionalMillis(at_ms),
            latency_ms: FractionalMillis(3.0 + jitter + slow + left.unwrap_or(0.0)),
            kind: Kind::Write,
            outcome: Ended::Done,
            held_ms: left.map(FractionalMillis),
            side: None,
            keyed: false,
        };
        samples.push(sample);
        if number % 2 == 0 {
            samples.push(Sample {
                kind: Kind::Read,
                held_ms: None,
                latency_ms: FractionalMillis(1.5 + jitter),
                ..sample
            });
        }
    }
    samples
}

fn stages(names: &[(&str, u64)]) -> Vec<StageRun> {
    names
        .iter()
        .map(|&(name, ms)| StageRun {
            name: name.into(),
            duration_ms: Millis(ms),
            outcome: "succeeded".into(),
        })
        .collect()
}

/// The report of a good run with a rollback.
fn example() -> Report {
    let samples = samples();
    let windows = pause::measure(&samples, &HOLDS_MS.map(FractionalMillis));
    let breakdown = [
        ("publish and drain", 31.0),
        ("lock writers", 12.4),
        ("marker seen", 9.1),
        ("sequences", 11.8),
        ("last rows verified", 24.0),
        ("commit", 4.2),
        ("open target", 6.3),
        ("release", 31.2),
    ]
    .map(|(name, ms)| (name, FractionalMillis(ms)));
    let move_of = |index: usize, name: &str, from: &str, to: &str, stages: Vec<StageRun>| {
        let window = windows[index].expect("writes were held");
        Direction {
            stragglers: Vec::new(),
            held_writes: window.held,
            name: name.into(),
            from: from.into(),
            to: to.into(),
            hold_at_ms: Some(window.hold_at_ms),
            released_ms: Some(window.released_ms),
            pause_ms: Some(window.pause),
            pause_breakdown_ms: breakdown.into_iter().collect(),
            median_breakdown_ms: breakdown.into_iter().collect::<Breakdown>().within(
                window.hold_at_ms,
                window.median_from_ms,
                window.median_from_ms + window.pause.p50,
            ),
            stages,
        }
    };
    let forward = stages(&[
        ("pre-check", 640),
        ("lag-wait", 5_230),
        ("validate (before)", 2_410),
        ("reverse-sync (prepare)", 720),
        ("connection-drain", 2_070),
        ("final-sync", 96),
        ("reverse-sync (start)", 310),
        ("validate (after)", 2_280),
    ]);
    let back = stages(&[
        ("lag-wait", 5_100),
        ("connection-drain", 2_050),
        ("final-sync", 88),
        ("validate (after)", 2_300),
    ]);
    let phase = |name: &str, start_ms, end_ms, holds| Phase {
        name: name.into(),
        start_ms: FractionalMillis(start_ms),
        end_ms: FractionalMillis(end_ms),
        holds,
    };
    let phases = vec![
        phase("warm up", 0.0, 12_000.0, false),
        phase("checks", 12_000.0, 35_900.0, false),
        phase("armed", 35_900.0, 38_000.0, false),
        phase("hold", 38_000.0, 38_133.0, true),
        phase("target serves", 38_133.0, 69_000.0, false),
        phase("armed", 69_000.0, 71_000.0, false),
        phase("hold", 71_000.0, 71_133.0, true),
        phase("source serves", 71_133.0, 90_000.0, false),
    ];
    let lag = (0..180).map(|n| {
        let unknown = (76..79).contains(&n);
        let lag_ms =
            (!unknown).then(|| 2.0 + f64::from(n * 7_919 % 13) / 4.0 + if n % 41 == 0 { 9.0 } else { 0.0 });
        LagPoint {
            at_ms: FractionalMillis(f64::from(n) * 500.0),
            lag_ms: lag_ms.map(FractionalMillis),
        }
    });
    let table = |name: &str, rows| TableRow {
        name: name.into(),
        rows_source: Some(rows),
        rows_target: Some(rows),
        equal: true,
        not_compared: None,
    };
    let sequence = |name: &str, source, target| SequenceRow {
        name: name.into(),
        source,
        target,
        ahead: true,
    };
    let directions = vec![
        move_of(0, "cutover", "source", "target", forward),
        move_of(1, "rollback", "target", "source", back),
    ];
    Report {
        outcome: Outcome::RolledBack,
        asked: Outcome::RolledBack,
        writes: Writes { acknowledged: 18_000, present: 18_000, held: 54, ..Writes::default() },
        reads: Reads { total: 9_000, ..Reads::default() },
        pause_ms: directions[0].pause_ms,
        pause_breakdown_ms: directions[0].pause_breakdown_ms.clone(),
        stages: directions[0].stages.clone(),
        tables: vec![
            table("crossover_load.entries", 18_000), table("shop.customers", 20_000), table("shop.order_items", 236_000),
            table("shop.orders", 118_000), table("shop.payments", 118_000), table("shop.products", 2_000),
        ],
        sequences: vec![
            sequence("crossover_load.entries_id_seq", Some(18_000), Some(9_650)),
            sequence("shop.orders_id_seq", Some(118_000), Some(107_641)),
            sequence("shop.shelf_rank_seq", Some(-2_000), Some(-2_000)),
            sequence("shop.spare_seq", None, None),
        ],
        parts: [("PostgreSQL source", "16.14"), ("PostgreSQL target", "17.10"), ("workerd", "1.20261117.1"), ("MiniStack", "1.5.33")]
            .map(|(name, version)| (name.into(), version.into())).into(),
        not_real: vec![
            "The data plane of AWS DMS: a stand-in speaks its API and drives PostgreSQL's own logical replication.".into(),
            "AWS: Step Functions, Lambda, Secrets Manager, CloudWatch, SNS and DynamoDB are MiniStack on this machine.".into(),
            "The network: everything is on one machine, so no round trip costs what it costs between regions.".into(),
        ],
        run: Run {
            id: "r-20261122-051456".into(),
            started_at: "2026-11-22T05:14:56Z".into(),
            duration_ms: Millis(128_400),
            version: "0.1.0".into(),
            data: "generated shop, 100,000 orders".into(),
            writes_per_s: 200,
            reads_per_s: 100,
            clients: 20,
        },
        directions,
        ledger: Some(Verdict { acknowledged: 18_120, present: 18_120, unacknowledged_present: 1, ..Verdict::default() }),
        stray: Some(StrayCounts { total: 450, acknowledged: 120, refused: 330, unknown: 0 }),
        timeline: Timeline::new(&samples, lag.collect(), phases),
        ..Report::default()
    }
}

/// The same run with every possible defect, and with names intended to break the page.
fn spoiled() -> Report {
    let evil = "q7\"><script>alert('1')</script>&amp;<!--";
    let mut report = example();
    report.outcome = Outcome::Committed;
    report.failure = Some(format!(
        "stage {evil} failed: lambda timed out; the source continues to serve"
    ));
    report.writes = Writes {
        acknowledged: 18_000,
        present: 17_997,
        lost: 3,
        duplicated: 1,
        errors: 12,
        held: 54,
        refused: 0,
    };
    report.run.data = evil.into();
    report.tables.push(TableRow {
        name: evil.into(),
        rows_source: Some(3),
        rows_target: Some(2),
        equal: false,
        not_compared: None,
    });
    report.sequences.push(SequenceRow {
        name: evil.into(),
        source: Some(9),
        target: Some(1),
        ahead: false,
    });
    report.directions.truncate(1);
    report.directions[0].stages.push(StageRun {
        name: evil.into(),
        duration_ms: Millis(60_000),
        outcome: evil.into(),
    });
    report.directions[0]
        .pause_breakdown_ms
        .0
        .push((evil.into(), FractionalMillis(40.0)));
    report.directions[0].name = evil.into();
    report.timeline.phases[0].name = evil.into();
    report.error_texts = vec![
        evil.into(),
        "POST /orders: 503 Service Unavailable: the hold has run out".into(),
    ];
    report.parts.insert(evil.into(), evil.into());
    report.not_real.push(evil.into());
    report.plan = vec![evil.into()];
    let token = uuid::Uuid::nil();
    report.ledger = Some(Verdict {
        acknowledged: 18_000,
        present: 17_997,
        lost: 3,
        lost_tokens: vec![token; 3],
        duplicated: 1,
        duplicated_tokens: vec![token],
        ..Verdict::default()
    });
    report
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Writes the report, which has to fit the schema.
fn written(report: &Report, name: &str) -> String {
    let (json, _) = report.write(&folder(name)).expect("written");
    let text = std::fs::read_to_string(json).expect("the file");
    validate("rehearsal-report", &serde_json::from_str(&text).expect("JSON")).expect("valid");
    text
}

#[test]
fn the_json_has_the_documented_keys_and_reads_back() {
    let report = example();
    let text = written(&report, "report-good");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let mut missing = String::new();
    for pointer in [
        "/outcome",
        "/writes/acknowledged",
        "/writes/present",
        "/writes/lost",
        "/writes/duplicated",
        "/writes/errors",
        "/writes/held",
        "/reads/total",
        "/reads/errors",
        "/pause_ms/p50",
        "/pause_ms/p95",
        "/pause_ms/max",
        "/pause_breakdown_ms/commit",
        "/stages/0/name",
        "/stages/0/duration_ms",
        "/stages/0/outcome",
        "/tables/0/name",
        "/tables/0/rows_source",
        "/tables/0/rows_target",
        "/tables/0/equal",
        "/sequences/0/name",
        "/sequences/0/source",
        "/sequences/0/target",
        "/sequences/0/ahead",
        "/parts/workerd",
        "/not_real/0",
        "/passed",
        "/problems",
        "/warnings",
    ] {
        if value.pointer(pointer).is_none() {
            let _ = write!(missing, "{pointer} ");
        }
    }
    assert_eq!(missing, "");
    assert_eq!(value["outcome"], "rolled_back");
    assert_eq!(value["passed"], true, "{}", value["problems"]);
    let order =
        ["publish and drain", "marker seen", "release"].map(|name| text.find(name).expect("the part"));
    assert!(order.is_sorted(), "the parts of the pause keep their order");
    let again: Report = serde_json::from_str(&text).expect("the report reads back");
    assert_eq!(again, report);
}

#[test]
fn hostile_names_stay_text() {
    let report = spoiled();
    written(&report, "report-bad");
    let html = report.html();
    assert!(
        !html.contains("<script") && !html.contains("<!--"),
        "nothing of a name became markup"
    );
    assert!(!html.contains("q7\">"), "no text left its attribute");
    assert_eq!(
        html.matches("&lt;script&gt;").count(),
        html.matches("&lt;/script&gt;").count()
    );
    assert!(html.contains("Committed, but 3 acknowledged writes are lost."));
}

#[test]
fn the_page_refers_to_nothing_outside_itself() {
    for html in [example().html(), spoiled().html(), Report::default().html()] {
        for reference in ["http://", "https://", "src=", "href=", "url(", "@import"] {
            assert!(!html.contains(reference), "{reference}");
        }
    }
}

#[test]
fn an_empty_report_states_that_the_side_in_charge_is_unknown() {
    let report = Report::default();
    written(&report, "report-empty");
    assert!(report.html().contains("Failed. The side in charge is unknown."));
}

#[test]
fn a_dry_run_shows_its_plan_and_claims_no_figures() {
    let report = Report {
        outcome: Outcome::Planned,
        asked: Outcome::Planned,
        plan: vec![
            "connection-drain: lock role shop_app".into(),
            "final-sync: set shop.orders_id_seq to 107,641".into(),
        ],
        ..Report::default()
    };
    written(&report, "report-plan");
    let html = report.html();
    assert!(report.passed());
    assert!(html.contains("Dry run. Nothing was changed.") && html.contains("lock role shop_app"));
    assert!(!html.contains("class=\"figures\""));
}

#[test]
fn an_unexpected_abort_states_the_reason_and_that_the_source_continues_to_serve() {
    let mut report = example();
    report.outcome = Outcome::Aborted;
    report.asked = Outcome::Committed;
    report.failure = Some(
        "final-sync: the catch-up marker was not seen within 10 s; check the replication's errors".into(),
    );
    report.directions.truncate(1);
    written(&report, "report-aborted");
    let html = report.html();
    assert!(!report.passed());
    assert!(html.contains(
        "Aborted. The source continues to serve, and every acknowledged write is on it exactly once."
    ));
    assert!(html.contains("the catch-up marker was not seen within 10 s"));
    report.writes.lost = 1;
    assert!(
        report
            .html()
            .contains("Aborted, but 1 acknowledged write is lost.")
    );
}
