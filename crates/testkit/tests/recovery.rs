//! A run that an operator aborts, and a run whose execution was stopped between any two states: a further execution
//! of the same machine recovers it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use crossover_core::{StageError, routing::Command};
use crossover_testkit::{Scenario, executor::block_on, laws::violations_at_end};
use machines::{cutover, entered};
use serde_json::json;

/// The states of a cutover that are entered before the commit, and after it.
const BEFORE: [&str; 7] = [
    "PreCheck",
    "LagWait",
    "ValidateBefore",
    "PrepareReverseReplication",
    "WarmFinalSync",
    "ConnectionDrain",
    "FinalSync",
];
const AFTER: [&str; 2] = ["StartReverseReplication", "ValidateAfter"];

/// Stops the execution as it enters `state`, and recovers the run. Returns the last state and what is wrong.
fn recovered(state: &str) -> (String, Vec<String>) {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    entered(&scenario, state);
    scenario.shared.script(None);
    let input = json!({ "plan": scenario.plan, "error": { "Error": "StoppedByOperator", "Cause": "test" } });
    let machine = cutover();
    let ended = block_on(
        &scenario.shared,
        machine.execute_from(machine.first(), scenario.shared.clone(), input),
    );
    (ended.state, violations_at_end(&scenario, &before, true))
}

#[test]
fn an_execution_that_was_stopped_before_the_commit_is_undone() {
    for state in BEFORE {
        let (last, wrong) = recovered(state);
        assert_eq!(
            (last.as_str(), wrong),
            ("AbortedAsAsked", Vec::new()),
            "stopped at {state}"
        );
    }
}

#[test]
fn an_execution_that_was_stopped_after_the_commit_is_rolled_forward() {
    for state in AFTER {
        let (last, wrong) = recovered(state);
        assert_eq!(
            (last.as_str(), wrong),
            ("Committed", Vec::new()),
            "stopped at {state}"
        );
    }
}

#[test]
fn a_run_that_was_aborted_at_the_lane_ends_at_its_next_look_and_never_arms() {
    for state in ["LagWait", "ConnectionDrain"] {
        let scenario = Scenario::busy();
        let before = scenario.lasting_state();
        let data = entered(&scenario, state);
        {
            let mut system = scenario.shared.lock();
            let run_id = scenario.plan.run_id.clone();
            let now = crossover_core::UnixMillis(system.now);
            system.lane = system.lane.next(&Command::Abort { run_id }, now).unwrap();
        }
        scenario.shared.script(None);
        let ended = block_on(
            &scenario.shared,
            cutover().execute_from(state, scenario.shared.clone(), data),
        );
        let expected = StageError::LaneAborted {
            lane: scenario.plan.lane.clone(),
        };
        if state == "LagWait" {
            assert_eq!(
                (ended.state.as_str(), &ended.data["error"]["Error"]),
                ("Refused", &json!(expected.name()))
            );
        } else {
            assert_eq!(ended.state, "AbortedAsAsked");
        }
        assert_eq!(
            violations_at_end(&scenario, &before, true),
            Vec::<String>::new(),
            "{state}"
        );
    }
}
