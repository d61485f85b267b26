//! The real stages behind the real state machines.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses its part of these tests' own helpers"
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

/// A quiet or busy system as it is when the cutover enters this state, with the machine's data there.
pub fn entered(scenario: &Scenario, state: &str) -> Value {
    let machine = cutover().until(state);
    let ended = execute(&machine, scenario, scenario.plan.clone());
    assert_eq!(
        ended.state, state,
        "the cutover does not come to {state}: {}",
        ended.data["error"]
    );
    ended.data
}

/// The quiet system at this state; made once, handed out as copies.
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

/// Takes a fresh quiet scenario to where the cutover enters this state.
pub fn at(_fresh: Scenario, state: &str) -> Scenario {
    rehearsed(state).0
}
