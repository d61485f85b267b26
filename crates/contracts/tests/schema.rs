//! The schemas that are checked in: what the types say, and units in the names of all times.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use crossover_contracts::{checkout, document::DOCUMENTS, generated, schema};
use serde_json::{Value, json};

#[test]
fn the_schemas_are_what_the_types_say() {
    let files = schema::generated(&checkout().unwrap()).unwrap();
    generated::check(&files, "schema").unwrap();
}

/// Words in the name of a figure that make it a time or a length of time.
const OF_TIME: &[&str] = &[
    "age",
    "at",
    "began",
    "deadline",
    "delay",
    "duration",
    "elapsed",
    "end",
    "ended",
    "every",
    "expires",
    "grace",
    "interval",
    "lag",
    "latency",
    "limit",
    "patience",
    "pause",
    "period",
    "settle",
    "since",
    "stable",
    "start",
    "started",
    "time",
    "timeout",
    "took",
    "transaction",
    "ttl",
    "until",
    "wait",
    "waited",
];
/// How the name of a time ends.
const UNITS: &[&str] = &["ms", "us", "s", "seconds", "minutes", "hours"];

/// The names of figures that tell a time and no unit, with the place of each.
fn without_unit(schema: &Value, at: &str, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            for (name, field) in fields {
                if let ("properties", Value::Object(properties)) = (name.as_str(), field) {
                    let unclear = properties
                        .iter()
                        .filter(|(name, property)| is_figure(property) && tells_time_only(name));
                    found.extend(unclear.map(|(name, _)| format!("{at}/properties/{name}")));
                }
                without_unit(field, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| without_unit(item, &format!("{at}/{index}"), found)),
        _ => {}
    }
}

fn tells_time_only(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    let has_unit = words.last().is_some_and(|last| UNITS.contains(last));
    !has_unit && words.iter().any(|word| OF_TIME.contains(word))
}

/// A number, a number or null, or a list of them.
fn is_figure(property: &Value) -> bool {
    let is_number = |kind: &Value| kind == "integer" || kind == "number";
    match &property["type"] {
        Value::Array(kinds) => kinds.iter().any(is_number),
        kind if kind == "array" => is_figure(&property["items"]),
        kind => is_number(kind),
    }
}

#[test]
fn every_figure_that_is_a_time_names_its_unit() {
    let mut found = Vec::new();
    for name in DOCUMENTS {
        without_unit(&schema::of(name).unwrap(), name, &mut found);
    }
    assert!(found.is_empty(), "times without a unit in their names: {found:?}");
}

#[test]
fn a_time_without_a_unit_is_found_wherever_it_is() {
    let schema = json!({ "$defs": { "Lane": { "properties": {
        "hold_at": { "type": ["integer", "null"] },
        "hold_at_ms": { "type": "integer" },
        "issued_at": { "type": "string" },
        "latency": { "type": "array", "items": { "type": "number" } },
        "rows": { "type": "integer" },
    } } } });
    let mut found = Vec::new();
    without_unit(&schema, "", &mut found);
    assert_eq!(
        found,
        ["/$defs/Lane/properties/hold_at", "/$defs/Lane/properties/latency"]
    );
}
