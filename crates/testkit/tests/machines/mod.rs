//! The product's stages and state machines, and the system at a given state of the cutover.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses only some of these functions"
)]

use std::{collections::BTreeMap, sync::Mutex};

use crossover_stages::registry;
use crossover_testkit::{Machine, Scenario, laws::execute};
use serde_json::Value;

pub fn cutover() -> Machine {
    Machine::new(
        include_str!("../../../../statemachine/cutover.asl.json"),
        &registry(),
    )
}

pub fn rollback() -> Machine {
    Machine::new(
        include_str!("../../../../statemachine/rollback.asl.json"),
        &registry(),
    )
}

/// Runs the cutover in `scenario` until it enters this state and returns the machine's data.
pub fn entered(scenario: &Scenario, state: &str) -> Value {
    let machine = cutover().until(state);
    let ended = execute(&machine, scenario, scenario.plan.clone());
    assert_eq!(
        ended.state, state,
        "the cutover did not enter {state}: {}",
        ended.data["error"]
    );
    ended.data
}

/// A copy of the quiet system at this state and the machine's data; the run to this state is made once per
/// process.
pub fn rehearsed(state: &str) -> (Scenario, Value) {
    static MADE: Mutex<BTreeMap<String, (Scenario, Value)>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap();
    let (scenario, data) = made.entry(state.to_owned()).or_insert_with(|| {
        let scenario = Scenario::quiet();
        let data = entered(&scenario, state);
        (scenario, data)
    });
    scenario.shared.lock().journal.clear();
    (scenario.copy(), data.clone())
}

/// The quiet system when the cutover enters this state.
pub fn at(_fresh: Scenario, state: &str) -> Scenario {
    rehearsed(state).0
}
