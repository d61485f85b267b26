//! The state machines that are checked in: what their source says, and what two of them may differ in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{collections::BTreeMap, fs};

use crossover_contracts::{checkout, generated, statemachine};
use serde_json::Value;

/// All that a rollback may do otherwise than a cutover. It is the same way with the sides swapped; in front
/// of it stands its own gate, it asks nobody for an approval, and it also removes the stream that carried it.
const ONLY_IN_CUTOVER: &[&str] = &[
    "PreCheck",
    "ApprovalRequired?",
    "Approval",
    "LagWaitAfterApproval",
    "NotApproved",
    "Complete?",
    "CompletionGate",
    "CompletionApprovalRequired?",
    "CompletionApproval",
    "Complete",
    "Completed",
    "NotCompleted",
];
const ONLY_IN_ROLLBACK: &[&str] = &["RetireStream", "RollbackGate"];
const MAY_DIFFER: &[&str] = &[
    "/Comment",
    "/States/Recover?/Default",
    "/States/StartReverseReplication/Next",
    "/States/ValidateBefore/Next",
    "/States/{task}/Parameters/Payload/direction",
];

#[test]
fn the_machines_are_what_their_source_says() {
    let files = statemachine::generated(&checkout().unwrap()).unwrap();
    generated::check(&files, "asl").unwrap();
}

fn machine(name: &str) -> Value {
    let path = checkout().unwrap().join(format!("statemachine/{name}.asl.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Every value that is no object and no list, by its JSON pointer.
fn leaves(value: &Value, at: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, field) in fields {
                leaves(field, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, &format!("{at}/{index}"), found);
            }
        }
        other => drop(found.insert(at.to_owned(), other.clone())),
    }
}

/// The machine's values without the states that it alone may have.
fn shared(name: &str, own_states: &[&str]) -> BTreeMap<String, Value> {
    let mut machine = machine(name);
    let states = machine["States"].as_object_mut().unwrap();
    for own in own_states {
        assert!(states.remove(*own).is_some(), "{name} has no state {own}");
    }
    let mut found = BTreeMap::new();
    leaves(&machine, "", &mut found);
    found
}

/// `/States/FinalSync/Parameters/Payload/direction` fits the pattern with `{task}`.
fn may_differ(pointer: &str) -> bool {
    MAY_DIFFER
        .iter()
        .any(|allowed| match allowed.split_once("{task}") {
            None => pointer == *allowed,
            Some((before, after)) => pointer
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|task| !task.contains('/')),
        })
}

#[test]
fn cutover_and_rollback_differ_where_they_may_and_nowhere_else() {
    let (cutover, rollback) = (
        shared("cutover", ONLY_IN_CUTOVER),
        shared("rollback", ONLY_IN_ROLLBACK),
    );
    let pointers = cutover.keys().chain(rollback.keys());
    let mut different: Vec<&String> = pointers
        .filter(|pointer| cutover.get(*pointer) != rollback.get(*pointer))
        .collect();
    different.sort();
    different.dedup();
    let forbidden: Vec<_> = different.iter().filter(|pointer| !may_differ(pointer)).collect();
    assert!(
        forbidden.is_empty(),
        "a rollback is no longer the cutover with its sides swapped: {forbidden:?}"
    );
    for directions in [(&cutover, "forward"), (&rollback, "reverse")] {
        let mut of_tasks = directions
            .0
            .iter()
            .filter(|(pointer, _)| pointer.ends_with("/direction"));
        assert!(of_tasks.all(|(_, direction)| direction == directions.1));
    }
}

#[test]
fn nothing_is_allowed_that_is_not_needed() {
    let (cutover, rollback) = (
        shared("cutover", ONLY_IN_CUTOVER),
        shared("rollback", ONLY_IN_ROLLBACK),
    );
    for allowed in MAY_DIFFER {
        let pointer = allowed.replace("{task}", "FinalSync");
        assert_ne!(
            cutover.get(&pointer).unwrap(),
            rollback.get(&pointer).unwrap(),
            "{allowed}"
        );
    }
    for own in ONLY_IN_CUTOVER {
        assert!(machine("rollback")["States"][own].is_null(), "{own}");
    }
    for own in ONLY_IN_ROLLBACK {
        assert!(machine("cutover")["States"][own].is_null(), "{own}");
    }
}
