//! The state machines compared with the functions' names and with the errors the functions can return.

use std::{collections::BTreeSet, fs};

use crossover_core::StageError;
use crossover_stages::registry;
use crossover_stand::postgres::workspace_root;
use serde_json::Value;

/// Error names documented by AWS for Step Functions and for its Lambda integration.
const OF_AWS: &[&str] = &[
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "States.ALL",
    "States.DataLimitExceeded",
    "States.HeartbeatTimeout",
    "States.Permissions",
    "States.Runtime",
    "States.TaskFailed",
    "States.Timeout",
];

/// Errors with which an operator answers a state that waits.
const OF_OPERATORS: &[&str] = &[crossover_operate::approval::REJECTED];

fn machines() -> Vec<(String, String)> {
    let folder = workspace_root().join("statemachine");
    let mut machines: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".asl.json"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    machines.sort();
    assert!(
        machines.len() >= 2,
        "cutover and rollback are missing: {machines:?}"
    );
    machines
}

/// Every text under the given key, at any depth.
fn under<'a>(value: &'a Value, key: &str, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if name == key => {
                        found.insert(text);
                    }
                    Value::Array(texts) if name == key => {
                        found.extend(texts.iter().filter_map(Value::as_str));
                    }
                    _ => {}
                }
                under(field, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| under(item, key, found)),
        _ => {}
    }
}

fn all<'a>(document: &'a Value, key: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    under(document, key, &mut found);
    found
}

/// Every state, including the states inside a Map.
fn states_of<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    if let Some(states) = value["States"].as_object() {
        for (name, state) in states {
            found.insert(name);
            states_of(&state["ItemProcessor"], found);
        }
    }
}

#[test]
fn every_error_that_is_caught_or_retried_can_happen() {
    for (name, text) in machines() {
        let document: Value = serde_json::from_str(&text).unwrap();
        let errors = all(&document, "ErrorEquals");
        let unknown: Vec<_> = errors
            .iter()
            .filter(|error| {
                ![StageError::NAMES, OF_AWS, OF_OPERATORS]
                    .iter()
                    .any(|known| known.contains(error))
            })
            .collect();
        assert!(
            !errors.is_empty() && unknown.is_empty(),
            "{name} catches or retries {unknown:?}, which no function returns"
        );
    }
}

#[test]
fn every_function_that_is_called_is_a_stage() {
    for (name, text) in machines() {
        let called: BTreeSet<&str> = text
            .split("${")
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        let stages: Vec<String> = registry()
            .names()
            .into_iter()
            .map(|stage| stage.as_str().replace('-', "_"))
            .collect();
        let unknown: Vec<_> = called
            .iter()
            .filter(|call| !stages.iter().any(|stage| stage == *call))
            .collect();
        assert!(
            !called.is_empty() && unknown.is_empty(),
            "{name} calls {unknown:?}, which is not a stage"
        );
    }
}

#[test]
fn every_transition_leads_to_a_state_and_every_state_can_be_reached() {
    for (name, text) in machines() {
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut states = BTreeSet::new();
        states_of(&document, &mut states);
        let targets: BTreeSet<&str> = ["StartAt", "Next", "Default"]
            .iter()
            .flat_map(|key| all(&document, key))
            .collect();
        assert_eq!(
            targets.difference(&states).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{name} has a transition to a missing state"
        );
        assert_eq!(
            states.difference(&targets).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{name} has states without a transition to them"
        );
    }
}

#[test]
fn every_stage_of_the_pause_catches_everything() {
    for (name, text) in machines() {
        let document: Value = serde_json::from_str(&text).unwrap();
        for (state, body) in document["States"].as_object().unwrap() {
            if body["Type"] == "Task" {
                let caught = all(&body["Catch"], "ErrorEquals");
                assert!(
                    caught.contains("States.ALL"),
                    "{name}: an error of {state} would end the run without an abort"
                );
            }
        }
    }
}
