//! Proof that the rehearsal can fail: the ledger must find the writes lost by a faulty drain.

use crossover_core::Stage;
use crossover_rehearsal::RehearsalOptions;
use crossover_stages::{connection_drain::ConnectionDrain, final_sync::FinalSync};

use crate::setup::{alone, faults, held, small, summary};

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_ends_no_session_loses_writes_and_the_ledger_reports_them() {
    let _alone = alone().await;
    let options = small("drain-ends-no-session");
    let options = RehearsalOptions {
        functions: faults(
            &options.out,
            &[
                (ConnectionDrain::NAME, "drain-ends-no-session"),
                (FinalSync::NAME, "final-sync-sees-no-writer"),
            ],
        ),
        strays_per_s: 40,
        ..options
    };
    let report = held(&options).await;
    let ledger = report.ledger.clone().unwrap();
    assert!(
        ledger.lost > 0 && ledger.only_on_other_side > 0,
        "{ledger:?}\n{}",
        summary(&report)
    );
    assert_eq!(report.writes.lost, ledger.lost);
    assert!(!report.passed());
    let problems = report.problems().join("\n");
    assert!(problems.contains("lost"), "{problems}");
}
