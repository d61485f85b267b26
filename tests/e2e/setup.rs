//! Rehearsals of a small shop, one at a time.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crossover_contracts::document::validate;
use crossover_core::StageName;
use crossover_rehearsal::{
    RehearsalOptions, calls::Calls, environment::Environment, ledger::Verdict, rehearse, report::Report,
    workshop,
};
use crossover_stand::{Silent, parts, postgres::workspace_root};
use tokio::sync::{Mutex, MutexGuard};

use crate::rights::{Rehearsed, judge};

/// Two rehearsals at once would distort each other's times on a small machine.
pub async fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    ONE_AT_A_TIME.lock().await
}

/// The folder of a scenario: emptied before the test, kept after the test to show why it failed.
pub fn folder(scenario: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e").join(scenario);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A small rehearsal, which records the calls of its functions.
pub fn small(scenario: &str) -> RehearsalOptions {
    RehearsalOptions {
        out: folder(scenario),
        rows: 2_000,
        calls: Some(Calls::default()),
        ..RehearsalOptions::new(workspace_root())
    }
}

/// Programs with a planned fault that replace some stages.
pub fn faults(out: &Path, faults: &[(StageName, &str)]) -> BTreeMap<String, PathBuf> {
    faults
        .iter()
        .map(|(stage, fault)| {
            let script = out.join(format!("{fault}.sh"));
            let text = format!(
                "#!/bin/sh\nexport CROSSOVER_FAULT='{fault}'\nexec '{}'\n",
                env!("CARGO_BIN_EXE_faulty-stage")
            );
            fs::write(&script, text).unwrap();
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
            (stage.as_str().to_owned(), script)
        })
        .collect()
}

/// Judges the calls that a rehearsal has recorded.
pub fn judge_calls(rehearsed: Rehearsed, options: &RehearsalOptions) {
    judge(rehearsed, options.calls.as_ref().unwrap());
}

/// The environment of a rehearsal, without its traffic.
pub async fn environment(options: &RehearsalOptions) -> Environment {
    let parts = parts::ensure(&workspace_root(), parts::Set::Rehearsal, &Silent)
        .await
        .unwrap();
    let products = workshop::build(&options.workspace, options.worker.as_deref(), &parts, &Silent)
        .await
        .unwrap();
    Environment::set(options, &parts, &products, &Silent)
        .await
        .unwrap()
}

/// Runs a rehearsal that must be possible, and validates its report.
pub async fn held(options: &RehearsalOptions) -> Report {
    let held = rehearse(options, &Silent).await;
    match held {
        Ok(held) => {
            let json = fs::read_to_string(&held.json).unwrap();
            validate("rehearsal-report", &serde_json::from_str(&json).unwrap()).unwrap();
            held.report
        }
        Err(error) => panic!("the rehearsal could not run: {error}"),
    }
}

/// The text that a failed assertion shows.
pub fn summary(report: &Report) -> String {
    format!(
        "{:?} (asked: {:?})\nproblems: {:#?}\nwarnings: {:#?}\nclients' errors: {:#?}\nwrites: {:?}\nreads: {:?}\nstages: {:#?}",
        report.outcome,
        report.asked,
        report.problems(),
        report.warnings(),
        report.error_texts,
        report.writes,
        report.reads,
        report.directions.iter().map(|d| &d.stages).collect::<Vec<_>>(),
    )
}

/// No row was lost, duplicated, torn or different, and no client received an error.
pub fn assert_no_client_noticed(report: &Report) {
    let summary = summary(report);
    assert!(report.writes.acknowledged > 0, "{summary}");
    assert_eq!(report.writes.present, report.writes.acknowledged, "{summary}");
    assert_eq!(
        (report.writes.lost, report.writes.duplicated, report.writes.errors),
        (0, 0, 0),
        "{summary}"
    );
    assert!(report.reads.total > 0, "{summary}");
    assert_eq!((report.reads.errors, report.reads.stale), (0, 0), "{summary}");
    assert!(report.ledger.as_ref().is_some_and(Verdict::is_clean), "{summary}");
    assert!(
        !report.tables.is_empty() && report.tables.iter().all(|t| t.equal),
        "{summary}"
    );
    assert!(
        !report.sequences.is_empty() && report.sequences.iter().all(|s| s.ahead),
        "{summary}"
    );
}
