//! Writes that do not end in time: the run is aborted before anything is locked, and no client notices.

use serde_json::Value;

use crate::{
    command::Running,
    setup::{alone, folder},
};

/// Twice the grace of the drain, and less than the time limit of a client. Half of the writes have a key.
const OPTIONS: &str = "--rows 1000 --writes 60 --reads 30 --burst 100 --burst-delay 6000 --hold keyed --json";

#[tokio::test]
async fn slow_writes_abort_the_run_without_an_error_for_a_client() {
    let _alone = alone().await;
    let folder = folder("slow-writes");
    let ended = Running::rehearse(&folder, &OPTIONS.split(' ').collect::<Vec<_>>()).end();
    assert_eq!(ended.status.code(), Some(3), "{}", ended.errors);
    let report: Value = serde_json::from_str(&ended.output).unwrap();
    crossover_contracts::document::validate("rehearsal-report", &report).unwrap();
    assert_eq!(report["verdict"], "aborted_rightly", "{}", report["problems"]);
    let run = &report["runs"][0];
    assert_eq!(
        (&run["outcome"], &run["error"]),
        (&"aborted".into(), &"WritesInFlight".into()),
        "{run}"
    );
    assert_eq!(report["load"]["burst_writes"], 100);
    let writes = &report["writes"];
    assert_eq!(
        (&writes["errors"], &report["reads"]["errors"]),
        (&0.into(), &0.into())
    );
    assert!(writes["held"].as_u64().unwrap() > 0, "{writes}");
    let met = &report["directions"][0]["held_writes"];
    assert!(met["with_key"].as_u64().unwrap() > 0, "{met}");
    assert!(met["refused"].as_u64().unwrap() > 0, "{met}");
    assert_eq!(met["without_key"], 0, "{met}");
    // The slow writes are acknowledged and present too.
    assert_eq!(writes["present"], writes["acknowledged"], "{writes}");
    assert_eq!(
        (&writes["lost"], &writes["duplicated"]),
        (&0.into(), &0.into()),
        "{writes}"
    );
}
