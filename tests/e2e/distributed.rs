//! statemachine/verify.asl.json: one comparison shared by many functions.

use crossover_core::Direction;
use crossover_rehearsal::run::{RunOutcome, execute};
use crossover_stand::Silent;

use crate::{
    called_alone::{a_question_is_asked, an_abort_stops_and_removes_a_reverse_stream_that_runs},
    rights::Rehearsed,
    setup::{alone, environment, judge_calls, small},
};

#[tokio::test(flavor = "multi_thread")]
async fn many_functions_find_all_tables_equal_and_report_the_one_row_that_differs() {
    let _alone = alone().await;
    let options = small("distributed");
    let environment = environment(&options).await;
    let verify = &environment.cloud.verify;
    let plan = environment.plan("verify-equal", false);
    let equal = execute(
        &environment.cloud,
        (verify, Direction::Forward),
        "comparison",
        &plan,
        &Silent,
    )
    .await
    .unwrap();

    let target = environment.databases.target.inspector().await.unwrap();
    let drift =
        "set session_replication_role = replica; update shop.customers set name = name || '!' where id = 77";
    target.batch_execute(drift).await.unwrap();
    let plan = environment.plan("verify-drift", false);
    let different = execute(
        &environment.cloud,
        (verify, Direction::Forward),
        "comparison",
        &plan,
        &Silent,
    )
    .await
    .unwrap();
    // In the same environment, because it takes long to start.
    a_question_is_asked(&environment).await;
    an_abort_stops_and_removes_a_reverse_stream_that_runs(&environment).await;
    environment.shutdown().await.unwrap();

    assert_eq!(equal.outcome, RunOutcome::Committed, "{:?}", equal.errors);
    assert_eq!(different.outcome, RunOutcome::Failed);
    let errors = different.errors.join("\n");
    assert!(
        errors.contains("TablesDiffer") && errors.contains("shop.customers") && errors.contains("id=77"),
        "{errors}"
    );
    judge_calls(Rehearsed::VerifyAndUndo, &options);
}
