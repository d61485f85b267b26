//! The laws of a single stage, for every stage: repetition, a fault at every port call followed by a second
//! run, dry run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use crossover_core::{AnyStage, Direction};
use crossover_stages::{
    abort, connection_drain, final_sync, lag_wait, pre_check, registry, reverse_sync, rollback, validate,
};
use crossover_testkit::{
    Scenario,
    laws::{Case, every_stage_law, execute},
};
use machines::{at, cutover, rehearsed};
use serde_json::json;

/// A case that starts when the cutover enters the state `name`.
fn entering(name: &'static str, stage: impl AnyStage + 'static, input: serde_json::Value) -> Case {
    Case::new(name, stage, input, move |scenario| at(scenario, name))
}

#[test]
fn pre_check_obeys_every_law() {
    every_stage_law(&entering("PreCheck", pre_check::PreCheck, json!({})), false);
}

#[test]
fn lag_wait_obeys_every_law() {
    every_stage_law(&entering("LagWait", lag_wait::LagWait, json!({})), true);
}

#[test]
fn validate_obeys_every_law() {
    every_stage_law(
        &entering(
            "ValidateBefore",
            validate::Validate,
            json!({"when": "before_commit"}),
        ),
        false,
    );
    every_stage_law(
        &entering(
            "ValidateAfter",
            validate::Validate,
            json!({"when": "after_commit"}),
        ),
        false,
    );
}

#[test]
fn preparing_reverse_replication_obeys_every_law() {
    every_stage_law(
        &entering(
            "PrepareReverseReplication",
            reverse_sync::ReverseSync,
            json!({"step": "prepare"}),
        ),
        true,
    );
}

#[test]
fn warming_final_sync_obeys_every_law() {
    every_stage_law(
        &entering("WarmFinalSync", final_sync::FinalSync, json!({"step": "warm"})),
        false,
    );
}

#[test]
fn connection_drain_obeys_every_law() {
    every_stage_law(
        &entering("ConnectionDrain", connection_drain::ConnectionDrain, json!({})),
        true,
    );
}

#[test]
fn final_sync_obeys_every_law() {
    every_stage_law(
        &entering("FinalSync", final_sync::FinalSync, json!({"step": "commit"})),
        true,
    );
}

#[test]
fn starting_reverse_replication_obeys_every_law() {
    let from =
        rehearsed("StartReverseReplication").1["final_sync"]["result"]["output"]["reverse_from"].clone();
    let input = json!({"step": "start", "reverse_from": from});
    every_stage_law(
        &entering("StartReverseReplication", reverse_sync::ReverseSync, input),
        true,
    );
}

#[test]
fn abort_obeys_every_law_from_every_state() {
    for name in [
        "PrepareReverseReplication",
        "ConnectionDrain",
        "FinalSync",
        "StartReverseReplication",
    ] {
        every_stage_law(
            &entering(
                name,
                abort::Abort(registry),
                json!({"cause": {"Error": "Test", "Cause": "asked for"}}),
            ),
            name != "StartReverseReplication",
        );
    }
}

#[test]
fn rollback_gate_and_retire_stream_obey_every_law() {
    let committed = |scenario: Scenario| {
        let ended = execute(&cutover(), &scenario, scenario.plan.clone());
        assert_eq!(ended.state, "Committed", "{}", ended.data["error"]);
        scenario.run("run-2", Direction::Reverse)
    };
    every_stage_law(
        &Case::new("RollbackGate", rollback::Rollback, json!({}), committed),
        false,
    );
    every_stage_law(
        &Case::new(
            "RetireStream",
            reverse_sync::ReverseSync,
            json!({"step": "retire"}),
            committed,
        ),
        true,
    );
}
