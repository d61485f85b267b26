//! A run that is ended from outside leaves no process or setting that stops the next run.

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
