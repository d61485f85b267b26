//! Functions that die or hang: before the commit the run aborts, after the commit the run rolls forward
//! automatically.

use crossover_core::{Stage, StageName};
use crossover_rehearsal::{
    RehearsalOptions,
    report::{Outcome, Report},
};
use crossover_stages::{connection_drain::ConnectionDrain, final_sync::FinalSync};

use crate::{
    rights::Rehearsed,
    setup::{alone, assert_no_client_noticed, faults, held, judge_calls, small, summary},
};

fn with_fault(stage: StageName, fault: &str) -> RehearsalOptions {
    let options = small(fault);
    RehearsalOptions {
        functions: faults(&options.out, &[(stage, fault)]),
        ..options
    }
}

fn assert_aborted(report: &Report, cause: &str) {
    let summary = summary(report);
    assert_eq!(report.outcome, Outcome::Aborted, "{summary}");
    assert!(
        !report.passed(),
        "a run that did not commit must not pass: {summary}"
    );
    let failure = report.failure.clone().unwrap_or_default();
    assert!(
        failure.contains(cause),
        "{cause} is not in {failure:?}\n{summary}"
    );
    assert!(
        report.writes.held > 0,
        "no write was held, so the fault was not in the pause: {summary}"
    );
    assert_no_client_noticed(report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_dies_before_the_commit_aborts_the_run_and_the_source_serves_on() {
    let _alone = alone().await;
    let options = with_fault(FinalSync::NAME, "final-sync-crashes-before-commit");
    assert_aborted(&held(&options).await, "Runtime.");
    judge_calls(Rehearsed::Aborted, &options);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_hangs_in_the_pause_is_ended_by_its_timeout_and_the_source_serves_on() {
    let _alone = alone().await;
    let options = RehearsalOptions {
        // The lease takes 5 s before the hold, the hold may take 8 s: the timeout lies in between, so that
        // the timeout ends the pause, and not the lane's own deadline.
        pause_function_timeout_s: 8,
        ..with_fault(ConnectionDrain::NAME, "drain-hangs-in-the-pause")
    };
    assert_aborted(&held(&options).await, "Timedout");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_function_dies_right_after_the_commit_rolls_forward_automatically() {
    let _alone = alone().await;
    let report = held(&with_fault(FinalSync::NAME, "final-sync-crashes-after-commit")).await;
    assert_eq!(report.outcome, Outcome::Committed, "{}", summary(&report));
    assert!(report.passed(), "{}", summary(&report));
    assert_no_client_noticed(&report);
    let entered: Vec<&str> = report.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert!(
        entered.contains(&"Abort") && entered.contains(&"RollForward"),
        "{entered:?}"
    );
}
