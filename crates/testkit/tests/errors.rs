//! Errors of stages: each cause leads to its documented error name and message.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use std::sync::Arc;

use crossover_core::{AnyStage, Direction, StageError, Stream, ports::StreamState, routing::Phase};
use crossover_stages::{connection_drain, final_sync, lag_wait, reverse_sync, rollback, validate};
use crossover_testkit::{Defect, Failure, Fault, Scenario, Scripted, laws::execute};
use machines::{cutover, entered};
use serde_json::{Value, json};

fn failure(scenario: &Scenario, stage: impl AnyStage + 'static, input: Value) -> Failure {
    let stage: Arc<dyn AnyStage> = Arc::new(stage);
    scenario.stage(&stage, input).unwrap_err()
}

fn at(state: &str) -> Scenario {
    let scenario = Scenario::busy();
    entered(&scenario, state);
    scenario
}

#[test]
fn validate_reports_a_marker_that_does_not_arrive() {
    let scenario = at("ValidateBefore");
    scenario.shared.lock().behaviour.stream_ms = 60_000;
    scenario.wait(100);
    let failure = failure(&scenario, validate::Validate, json!({"when": "before_commit"}));
    assert_eq!(failure.name, "MarkerNotSeen", "{}", failure.text);
}

#[test]
fn every_stage_that_waits_for_a_marker_reports_one_that_arrives_twice() {
    let twice = |state: &str| {
        let scenario = at(state);
        scenario.shared.lock().behaviour.stream_duplicates = true;
        scenario
    };
    let cases = [
        failure(&twice("LagWait"), lag_wait::LagWait, json!({})),
        failure(
            &twice("FinalSync"),
            final_sync::FinalSync,
            json!({"step": "commit"}),
        ),
        {
            let scenario = twice("StartReverseReplication");
            let from = scenario.shared.lock().target.write_marker(
                0,
                &scenario.plan.run_id,
                &format!("{}-reverse-start", scenario.plan.run_id),
                &std::collections::BTreeSet::new(),
            );
            let input = json!({"step": "start", "reverse_from": from});
            failure(&scenario, reverse_sync::ReverseSync, input)
        },
    ];
    for failure in cases {
        assert_eq!(failure.name, "MarkerDuplicated", "{}", failure.text);
    }
}

#[test]
fn an_arm_command_that_arrives_too_late_for_its_schedule_is_sent_again_with_more_time() {
    let scenario = at("ConnectionDrain");
    scenario
        .shared
        .script(Scripted::Named("lane.apply(arm)".to_owned(), Fault::Slow(700)));
    let stage: Arc<dyn AnyStage> = Arc::new(connection_drain::ConnectionDrain);
    scenario.stage(&stage, json!({})).unwrap();
    assert_eq!(scenario.shared.fired().as_deref(), Some("lane.apply(arm)"));
    assert_eq!(scenario.shared.lock().lane.phase, Phase::Hold);
}

#[test]
fn a_role_missing_on_the_target_is_reported_as_missing() {
    let scenario = at("FinalSync");
    scenario.shared.lock().target.roles.remove("shop_owner");
    let failure = failure(&scenario, final_sync::FinalSync, json!({"step": "commit"}));
    assert_eq!(failure.name, "Missing", "{}", failure.text);
    assert!(failure.text.contains("shop_owner"), "{}", failure.text);
}

#[test]
fn final_sync_names_the_sequences_that_did_not_move() {
    for cycle in [false, true] {
        let scenario = at("FinalSync");
        {
            let mut state = scenario.shared.lock();
            state.defects.insert(Defect::SequencesStay);
            state.source.sequences.get_mut("order_ids").unwrap().cycle = cycle;
            let ids = state.target.sequences.get_mut("order_ids").unwrap();
            ids.cycle = cycle;
            if cycle {
                // A higher position proves nothing.
                ids.last_value = Some(500_000);
            }
        }
        let failure = failure(&scenario, final_sync::FinalSync, json!({"step": "commit"}));
        assert_eq!(failure.name, "SequencesBehind", "{}", failure.text);
        assert!(failure.text.contains("order_ids"), "{}", failure.text);
    }
}

#[test]
fn a_final_sync_without_a_drain_reports_that_the_writer_is_not_locked() {
    let failure = failure(
        &at("ConnectionDrain"),
        final_sync::FinalSync,
        json!({"step": "commit"}),
    );
    assert_eq!(failure.name, "NotLocked", "{}", failure.text);
}

#[test]
fn phases_and_sides_are_printed_as_documented() {
    let held = at("FinalSync").run("run-2", Direction::Forward);
    let held = failure(&held, connection_drain::ConnectionDrain, json!({}));
    assert_eq!(
        held.text,
        "lane main is held by run run-1 (phase hold); this run is run-2"
    );

    let serving = Scenario::busy().run("run-2", Direction::Reverse);
    let serving = failure(&serving, rollback::Rollback, json!({}));
    assert!(
        serving.text.contains("lane main is in phase serve_source;"),
        "{}",
        serving.text
    );

    let scenario = Scenario::busy();
    let ended = execute(&cutover(), &scenario, scenario.plan.clone());
    assert_eq!(ended.state, "Committed", "{}", ended.data["error"]);
    let again = scenario.run("run-3", Direction::Forward);
    let again = failure(&again, connection_drain::ConnectionDrain, json!({}));
    assert!(
        again.text.contains("the target is already its writer"),
        "{}",
        again.text
    );
}

#[test]
fn the_failure_text_of_a_service_is_quoted_unchanged() {
    let scenario = Scenario::busy();
    let ended = execute(&cutover(), &scenario, scenario.plan.clone());
    assert_eq!(ended.state, "Committed", "{}", ended.data["error"]);
    {
        let mut state = scenario.shared.lock();
        let task = state.tasks.get_mut(&Stream::Reverse).unwrap();
        task.state = StreamState::Failed;
        task.last_failure = Some("Last Error: Slot_Lost".to_owned());
    }
    let back = scenario.run("run-2", Direction::Reverse);
    let failure = failure(&back, rollback::Rollback, json!({}));
    assert!(
        failure
            .text
            .contains("is failed (last failure: Last Error: Slot_Lost), not running"),
        "{}",
        failure.text
    );
}

#[test]
fn the_error_names_asserted_here_are_documented() {
    for name in [
        "MarkerNotSeen",
        "MarkerDuplicated",
        "Missing",
        "NotLocked",
        "LaneInUse",
    ] {
        assert!(StageError::NAMES.contains(&name), "{name}");
    }
}
