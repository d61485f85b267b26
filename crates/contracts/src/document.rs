//! A document held against its schema, as `docs/schema/` has it.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::checkout;

/// The documents that have a schema, by the name of its file.
pub const DOCUMENTS: [&str; 10] = [
    "plan",
    "directory",
    "rehearsal-report",
    "verify-report",
    "verify-event",
    "certificate",
    "check-report",
    "explanations",
    "lane-status",
    "evidence-check",
];

/// Fails with everything in the document that its schema forbids.
pub fn validate(name: &str, document: &Value) -> anyhow::Result<()> {
    let path = checkout()?.join(format!("docs/schema/{name}.json"));
    let schema = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema)?)
        .with_context(|| format!("{} is no JSON Schema", path.display()))?;
    let faults: Vec<String> = validator
        .iter_errors(document)
        .map(|fault| format!("at {:?}: {fault}", fault.instance_path().as_str()))
        .collect();
    if !faults.is_empty() {
        bail!("no valid {name}: {}", faults.join("; "));
    }
    Ok(())
}
