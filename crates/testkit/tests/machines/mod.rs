//! The real stages behind the real state machines.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses its part of these tests' own helpers"
)]

use std::{collections::BTreeMap, sync::Mutex};

use crossover_stages::registry;
use crossover_testkit::{Machine, Scene, laws::execute};
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

/// A quiet or busy world as it is when the cutover enters this state, with the machine's data there.
pub fn entered(scene: &Scene, state: &str) -> Value {
    let machine = cutover().until(state);
    let ended = execute(&machine, scene, scene.plan.clone());
    assert_eq!(
        ended.state, state,
        "the cutover does not come to {state}: {}",
        ended.data["error"]
    );
    ended.data
}

/// The quiet world at this state; made once, handed out as copies.
pub fn rehearsed(state: &str) -> (Scene, Value) {
    static MADE: Mutex<BTreeMap<String, (Scene, Value)>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap();
    let (scene, data) = made.entry(state.to_owned()).or_insert_with(|| {
        let scene = Scene::quiet();
        let data = entered(&scene, state);
        (scene, data)
    });
    scene.shared.lock().journal.clear();
    (scene.copy(), data.clone())
}

/// Takes a fresh quiet scene to where the cutover enters this state.
pub fn at(_fresh: Scene, state: &str) -> Scene {
    rehearsed(state).0
}
