use crossover_rehearsal::{RehearsalOptions, report::Outcome};

use crate::{
    rights::Rehearsed,
    setup::{alone, assert_no_client_noticed, held, judge_calls, small, summary},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_live_cutover_and_its_rollback_lose_nothing_and_no_client_notices() {
    let _alone = alone().await;
    let options = RehearsalOptions {
        rollback: true,
        ..small("cutover-and-rollback")
    };
    let report = held(&options).await;
    assert_eq!(report.outcome, Outcome::RolledBack, "{}", summary(&report));
    assert!(report.passed(), "{}", summary(&report));
    assert_no_client_noticed(&report);
    assert!(report.writes.held > 0, "no write was held: {}", summary(&report));
    let stray = report.stray.unwrap();
    assert!(stray.refused > 0, "no stray write was refused: {stray:?}");
    let names: Vec<&str> = report.directions.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["cutover", "rollback"]);
    for direction in &report.directions {
        let met = direction.held_writes;
        assert!(met.with_key + met.without_key > 0 && met.refused == 0, "{met:?}");
        let (parts, p50) = (
            direction.median_breakdown_ms.total().0,
            direction.pause_ms.unwrap().p50.0,
        );
        assert!(
            (parts - p50).abs() <= p50 / 10.0,
            "{parts} of {p50} ms: {}",
            summary(&report)
        );
    }
    judge_calls(Rehearsed::CutoverAndRollback, &options);
}
