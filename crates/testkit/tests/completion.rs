//! The end of a migration: when it is refused, what it removes, and that no rollback is possible afterwards.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod machines;

use std::sync::Arc;

use crossover_core::{AnyStage, Direction, routing::Side};
use crossover_stages::{abort::Abort, complete::Complete, registry};
use crossover_testkit::{
    Defect, Scenario,
    laws::{Case, every_stage_law, execute},
    stage::Failure,
};
use machines::{cutover, rollback};
use serde_json::{Value, json};

const DAY_MS: u64 = 24 * 3_600_000;

/// A migration whose target owns the writes; the next run is `done`.
fn cut_over(scenario: &Scenario) -> Scenario {
    let ended = execute(&cutover(), scenario, scenario.plan.clone());
    assert_eq!(ended.state, "Committed", "{}", ended.data["error"]);
    scenario.run("done", Direction::Forward)
}

/// The same, two days later.
// A law hands its scenario over.
#[allow(clippy::needless_pass_by_value)]
fn two_days_later(scenario: Scenario) -> Scenario {
    let scenario = cut_over(&scenario);
    scenario.shared.lock().now += 2 * DAY_MS;
    scenario
}

fn step(scenario: &Scenario, step: &str) -> Result<Value, Failure> {
    let stage: Arc<dyn AnyStage> = Arc::new(Complete);
    scenario.stage(&stage, json!({ "step": step }))
}

fn refusal(scenario: &Scenario) -> (String, String) {
    let [check, remove] = ["check", "remove"].map(|name| step(scenario, name).unwrap_err());
    assert_eq!(check.name, remove.name);
    (remove.name, remove.text)
}

#[test]
fn completing_obeys_every_law() {
    every_stage_law(
        &Case::new(
            "CompletionGate",
            Complete,
            json!({"step": "check"}),
            two_days_later,
        ),
        false,
    );
    every_stage_law(
        &Case::new("Complete", Complete, json!({"step": "remove"}), two_days_later),
        true,
    );
}

#[test]
fn a_completion_removes_every_stream_and_position_and_nothing_goes_back() {
    let scenario = two_days_later(Scenario::quiet());
    let planned = step(&scenario, "check").unwrap()["output"]["removed"].clone();
    let output = step(&scenario, "remove").unwrap()["output"].clone();
    assert_eq!(output["removed"], planned);
    assert!(
        planned.to_string().contains("crossover_shop_reverse") && planned.to_string().contains("forward"),
        "{planned}"
    );
    let lasting = scenario.lasting_state();
    assert!(lasting.tasks.is_empty(), "{:?}", lasting.tasks);
    assert!(
        lasting.target.retained.is_empty(),
        "{:?}",
        lasting.target.retained
    );
    // The engine's own, as far as there are any, are told.
    let others: Vec<String> = lasting
        .source
        .retained
        .iter()
        .map(|name| format!("{name} on the source"))
        .collect();
    assert_eq!(output["others"], json!(others));
    assert!(
        lasting.source.access.locked_by.is_some(),
        "the old writer stays locked"
    );
    assert!(scenario.shared.lock().lane.completed);

    let back = scenario.run("back", Direction::Reverse);
    let ended = execute(&rollback(), &back, back.plan.clone());
    assert_eq!(ended.state, "Refused", "{}", ended.data);
    assert_eq!(back.shared.lock().lane.writer, Side::Target);
}

#[test]
fn a_rollback_stays_possible_for_the_whole_window() {
    let scenario = cut_over(&Scenario::quiet());
    let before = scenario.lasting_state();
    let (name, text) = refusal(&scenario);
    assert_eq!(name, "RollbackWindowOpen");
    assert!(text.contains("48 h more"), "{text}");
    scenario.shared.lock().now += 2 * DAY_MS - 60_000;
    let (_, text) = refusal(&scenario);
    assert!(text.contains("1 h more"), "{text}");
    assert_eq!(scenario.lasting_state(), before);
}

#[test]
fn a_migration_whose_source_owns_the_writes_keeps_its_replication() {
    let scenario = Scenario::quiet();
    scenario.shared.lock().now += 30 * DAY_MS;
    let before = scenario.lasting_state();
    let (name, text) = refusal(&scenario);
    assert_eq!(name, "LaneRefused");
    assert!(text.contains("serve_source"), "{text}");
    assert_eq!(scenario.lasting_state(), before);
}

#[test]
fn a_rollback_that_has_armed_keeps_what_it_needs() {
    let scenario = two_days_later(Scenario::quiet());
    let back = scenario.run("back", Direction::Reverse);
    let held = execute(&rollback().until("FinalSync"), &back, back.plan.clone());
    assert_eq!(held.state, "FinalSync", "{}", held.data);
    let before = scenario.lasting_state();
    let late = back.run("done", Direction::Forward);
    assert_eq!(refusal(&late).0, "LaneInUse");
    assert_eq!(late.lasting_state(), before);
}

#[test]
fn what_is_left_is_named_and_the_next_attempt_goes_on() {
    let scenario = two_days_later(Scenario::quiet());
    scenario
        .shared
        .lock()
        .defects
        .insert(Defect::RetainedPositionsStay);
    let left = step(&scenario, "remove").unwrap_err();
    assert_eq!(left.name, "LeftBehind");
    assert!(
        left.text.contains("retained position crossover_shop_reverse"),
        "{}",
        left.text
    );
    scenario.shared.lock().defects.clear();
    let further = scenario.run("again", Direction::Forward);
    step(&further, "remove").unwrap();
    assert!(further.lasting_state().target.retained.is_empty());
}

#[test]
fn an_abort_of_a_completion_that_has_ruled_out_a_rollback_changes_nothing() {
    let scenario = two_days_later(Scenario::quiet());
    step(&scenario, "remove").unwrap();
    let before = scenario.lasting_state();
    let stage: Arc<dyn AnyStage> = Arc::new(Abort(registry));
    let answer = scenario.stage(&stage, json!({})).unwrap();
    assert_eq!(answer["output"]["outcome"], "superseded", "{answer}");
    assert_eq!(scenario.lasting_state(), before);
}
