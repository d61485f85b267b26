#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use serde_json::{Value, json};

use super::*;

fn source(states: &Value) -> String {
    json!({
        "Machines": {
            "there": { "Comment": "", "Direction": "forward", "StartAt": "Only" },
            "back": { "Comment": "", "Direction": "reverse", "StartAt": "Only" },
        },
        "Retries": { "Twice": {
            "ErrorEquals": ["@retryable", "@lambda"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.5 } },
        "States": states,
    })
    .to_string()
}

/// The machines by name.
fn made(states: &Value) -> Value {
    machines(&source(states))
        .unwrap()
        .iter()
        .map(|(name, text)| (name.clone(), serde_json::from_str::<Value>(text).unwrap()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn a_stage_becomes_a_call_of_its_function() {
    let state =
        json!({ "Warm": { "Stage": "final-sync", "Retry": "Twice", "Catch": "Lost", "Next": "Only" } });
    let machines = made(&state);
    let warm = &machines["back"]["States"]["Warm"];
    assert_eq!(warm["Parameters"]["FunctionName"], "${final_sync}");
    assert_eq!(warm["Parameters"]["Payload"]["direction"], "reverse");
    assert_eq!(warm["ResultPath"], "$.warm");
    assert_eq!(
        warm["Catch"],
        json!([{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Lost" }])
    );
}

#[test]
fn the_retried_errors_are_those_of_the_retry_class_and_of_lambda() {
    let machines = made(&json!({ "Only": { "Stage": "validate", "Retry": "Twice", "End": true } }));
    let errors = machines["there"]["States"]["Only"]["Retry"][0]["ErrorEquals"].clone();
    let errors: Vec<String> = serde_json::from_value(errors).unwrap();
    for error in StageError::all() {
        let retried = errors.iter().any(|name| name == error.name());
        assert_eq!(retried, error.retry() == RetryClass::Again, "{}", error.name());
    }
    assert!(
        OF_LAMBDA
            .iter()
            .all(|name| errors.iter().any(|error| error == name))
    );
}

#[test]
fn a_state_of_one_machine_is_in_no_other_and_each_machine_has_its_own_next() {
    let machines = made(&json!({
        "Only": { "Type": "Pass", "Next": { "there": "Done", "back": "More" } },
        "More": { "In": "back", "Type": "Pass", "Next": "Done" },
        "Done": { "Type": "Succeed" },
    }));
    assert_eq!(machines["there"]["States"]["Only"]["Next"], "Done");
    assert_eq!(machines["back"]["States"]["Only"]["Next"], "More");
    assert!(machines["there"]["States"]["More"].is_null() && machines["back"]["States"]["More"].is_object());
}

#[test]
fn a_mistake_in_the_source_is_named_with_its_state() {
    for (state, mistake) in [
        (json!({ "Retry": "Twice" }), "neither Stage nor Type"),
        (
            json!({ "Stage": "abort", "Retry": "Never" }),
            "Retries has no Never",
        ),
        (json!({ "Stage": "abort", "Catch": [] }), "Catch is a list"),
        (
            json!({ "Stage": "abort", "Next": { "there": "Only" } }),
            "no state for back",
        ),
    ] {
        let error = format!("{:#}", machines(&source(&json!({ "Only": state }))).unwrap_err());
        assert!(error.contains("state Only") && error.contains(mistake), "{error}");
    }
}
