//! A run that is ended from outside leaves no process or setting that stops the next run. A run whose part dies
//! ends with a report.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{
    command::Running,
    setup::{alone, folder},
};

#[tokio::test]
async fn after_ctrl_c_and_after_kill_9_no_process_is_left_and_the_next_run_works() {
    let _alone = alone().await;
    // One folder for all runs: each run finds the files of the run before.
    let folder = folder("endings");
    let small = ["--rows", "1000"];

    let mut run = Running::rehearse(&folder, &small);
    run.wait_for("✓ cutover: PrepareReverseReplication");
    run.signal(Signal::SIGINT);
    let ended = run.end();
    assert_eq!(ended.status.code(), Some(130), "{}", ended.errors);
    assert!(ended.errors.contains("interrupted (SIGINT)"), "{}", ended.errors);

    let mut run = Running::rehearse(&folder, &small);
    // In the pause: writes are held, roles are locked.
    run.wait_for("… cutover: ConnectionDrain");
    run.signal(Signal::SIGKILL);
    let ended = run.end();
    assert_eq!(ended.status.code(), None, "{}", ended.errors);

    let ended = Running::rehearse(&folder, &["--rows", "1000", "--dry-run", "--json"]).end();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
    let report: Value = serde_json::from_str(&ended.output).unwrap();
    assert_eq!(report["outcome"], "planned", "{}", ended.errors);
    assert!(
        report["plan"].as_array().is_some_and(|plan| !plan.is_empty()),
        "{report}"
    );
    assert_eq!(report["writes"]["errors"], 0, "{}", ended.errors);
}

#[tokio::test]
async fn a_part_that_dies_is_named_and_the_ledger_is_still_compared() {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: the processes of a run can be listed on Linux only");
        return;
    }
    let _alone = alone().await;
    let folder = folder("part-dies");
    let mut run = Running::rehearse(&folder, &["--rows", "1000", "--json"]);
    run.wait_for("✓ traffic");
    run.kill_part("workerd");
    let ended = run.end();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.errors);
    let report: Value = serde_json::from_str(&ended.output).unwrap();
    assert_eq!(
        (&report["outcome"], &report["passed"]),
        (&"failed".into(), &false.into()),
        "{}",
        ended.errors
    );
    let failure = report["failure"].as_str().unwrap_or_default();
    let first = failure.lines().next().unwrap_or_default();
    assert!(
        first.contains("has ended unexpectedly: signal 9 ended it; its log is"),
        "{failure}"
    );
    assert!(failure.contains("the lane gave no answer"), "{failure}");
    let log = first.rsplit_once("its log is ").unwrap().1;
    assert!(std::path::Path::new(log).is_file(), "{log}");
    let writes = &report["writes"];
    assert!(writes["acknowledged"].as_u64().unwrap() > 0, "{writes}");
    assert_eq!(writes["present"], writes["acknowledged"], "{writes}");
    assert_eq!(
        (&writes["lost"], &writes["duplicated"]),
        (&0.into(), &0.into()),
        "{writes}"
    );
    assert!(writes["errors"].as_u64().unwrap() > 0, "{writes}");
    assert!(folder.join("report.html").is_file());
}
