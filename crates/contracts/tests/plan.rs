//! The plan's schema against the plan that the tests of the stages run with.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use crossover_contracts::document::validate;
use crossover_testkit::Scenario;
use serde_json::{Value, json};

fn plan() -> Value {
    serde_json::to_value(Scenario::quiet().plan).unwrap()
}

#[test]
fn a_plan_that_works_is_valid_with_and_without_what_has_a_default() {
    let mut plan = plan();
    validate("plan", &plan).unwrap();
    for field in ["dry_run", "scope", "limits"] {
        plan.as_object_mut().unwrap().remove(field).unwrap();
    }
    validate("plan", &plan).unwrap();
    serde_json::from_value::<crossover_core::Plan>(plan).unwrap();
}

#[test]
fn what_the_plan_refuses_its_schema_refuses() {
    let faults: [(&str, Value); 4] = [
        ("/limits", json!({ "hold": 8_000 })),
        ("/limits", json!({ "hold_ms": -1 })),
        ("/source", json!({ "secret_id": 7 })),
        ("/lane", Value::Null),
    ];
    for (place, value) in faults {
        let mut plan = plan();
        *plan.pointer_mut(place).unwrap() = value;
        assert!(validate("plan", &plan).is_err(), "{place}: {plan}");
        assert!(
            serde_json::from_value::<crossover_core::Plan>(plan).is_err(),
            "{place}"
        );
    }
}
