//! The operations, a file for each kind of resource.

mod certificates;
mod endpoints;
mod event_subscriptions;
mod instances;
mod subnet_groups;
mod tags;
mod tasks;

use serde_json::{Map, Value};

use crate::documents::Document;

/// The answer of an operation on one resource.
fn one(key: &str, body: Map<String, Value>) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), Value::Object(body))]))
}

/// The answer of a description.
fn list(key: &str, documents: &[&Document]) -> Value {
    let bodies = documents
        .iter()
        .map(|document| Value::Object(document.body.clone()));
    Value::Object(Map::from_iter([(key.to_owned(), bodies.collect())]))
}

/// Seconds since 1970, as DMS writes times.
fn now() -> Value {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_secs().into()
}
