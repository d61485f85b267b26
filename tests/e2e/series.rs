//! Several cutovers in one environment, on a machine that is not idle.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{
    command::Running,
    setup::{alone, folder},
};

#[tokio::test]
async fn a_second_cutover_follows_a_rollback_and_ctrl_c_ends_the_series_with_a_report() {
    let _alone = alone().await;
    let folder = folder("series");
    let options = "--rows 1000 --writes 60 --reads 30 --rollback --repeat 3 --busy 1 --json";
    let mut run = Running::rehearse(&folder, &options.split(' ').collect::<Vec<_>>());
    // Run 3 is the second cutover, if none was aborted.
    run.wait_for("✓ steady traffic after run 3");
    run.signal(Signal::SIGINT);
    // Returns when no process is left, the endless loop included.
    let ended = run.end();
    assert_eq!(ended.status.code(), Some(130), "{}", ended.errors);
    assert!(
        ended.errors.contains("the series ends after this run"),
        "{}",
        ended.errors
    );
    let report: Value = serde_json::from_str(&ended.output).unwrap();
    crossover_contracts::document::validate("rehearsal-report", &report).unwrap();
    let runs = report["runs"].as_array().unwrap();
    let text = |run: &Value, key: &str| run[key].as_str().unwrap_or_default().to_owned();
    let outcomes: Vec<String> = runs.iter().map(|run| text(run, "outcome")).collect();
    assert!(
        (3..=4).contains(&runs.len()) && !outcomes.contains(&"failed".to_owned()),
        "{}",
        ended.errors
    );
    let ids: std::collections::BTreeSet<String> = runs.iter().map(|run| text(run, "id")).collect();
    assert_eq!(ids.len(), runs.len(), "each run has its own id");
    if outcomes[..2] == ["committed", "committed"] {
        assert_eq!(runs[2]["direction"], "cutover", "{}", ended.errors);
    }
    let series = &report["series"];
    assert_eq!(
        (&series["repeat"], &series["interrupted"]),
        (&3.into(), &true.into()),
        "{series}"
    );
    let of_runs: u64 = runs.iter().filter_map(|run| run["errors"].as_u64()).sum();
    assert!(series["errors"].as_u64().unwrap() >= of_runs, "{series}");
    assert_eq!(report["load"]["busy_loops"], 1);
    assert_eq!(report["passed"], false, "what did not run has not passed");
    // Whether a run commits or aborts. No write may be lost or doubled, those of the calibration included.
    assert_eq!(series["errors"], 0, "{}", report["error_texts"]);
    let writes = &report["writes"];
    assert!(writes["acknowledged"].as_u64().unwrap() > 0, "{writes}");
    assert_eq!(writes["present"], writes["acknowledged"], "{writes}");
    assert_eq!(
        (&writes["lost"], &writes["duplicated"]),
        (&0.into(), &0.into()),
        "{writes}"
    );
    assert!(folder.join("report.html").is_file());
}
