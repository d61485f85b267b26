//! The laws of a single stage, over every stage: repeating, faults at every call with a second run, dry run.

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
    Scene,
    laws::{Case, every_stage_law, execute},
};
use machines::{at, cutover, rehearsed};
use serde_json::json;

/// The case of a stage that starts where the state of this name is entered.
fn entering(name: &'static str, stage: impl AnyStage + 'static, input: serde_json::Value) -> Case {
    Case::new(name, stage, input, move |scene| at(scene, name))
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
fn preparing_the_way_back_obeys_every_law() {
    every_stage_law(
        &entering(
            "PrepareWayBack",
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
fn starting_the_way_back_obeys_every_law() {
    let from = rehearsed("StartWayBack").1["final_sync"]["result"]["output"]["way_back_from"].clone();
    let input = json!({"step": "start", "way_back_from": from});
    every_stage_law(&entering("StartWayBack", reverse_sync::ReverseSync, input), true);
}

#[test]
fn abort_obeys_every_law_from_wherever_it_is_called() {
    for name in ["PrepareWayBack", "ConnectionDrain", "FinalSync", "StartWayBack"] {
        every_stage_law(
            &entering(
                name,
                abort::Abort(registry),
                json!({"cause": {"Error": "Test", "Cause": "asked for"}}),
            ),
            name != "StartWayBack",
        );
    }
}

#[test]
fn the_gate_of_the_rollback_and_the_retirement_obey_every_law() {
    let committed = |scene: Scene| {
        let ended = execute(&cutover(), &scene, scene.plan.clone());
        assert_eq!(ended.state, "Committed", "{}", ended.data["error"]);
        scene.run("run-2", Direction::Reverse)
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
