//! The state machines, from `statemachine/source/*.json`.
//!
//! A source is written as the Amazon States Language is, and shorter where every task would repeat the same:
//! - `Machines`: the machines made from the file, each with its `Direction`;
//! - `Retries`: named retry policies; `@retryable` stands for every error of a stage whose retry class is
//!   `Again`, `@lambda` for the errors of the Lambda service itself;
//! - a state with `Stage` is a call of that stage's function. `Retry` names a policy. `Catch` is the state to
//!   go on with after any error, or a state for each error;
//! - `WaitsForAnswer`: the state waits until somebody answers with the task's token, which the stage's input has; the
//!   result of the state is the answer;
//! - `In` keeps a state to one machine; a `Next` or `Default` of several machines has a state for each.

mod diagram;
mod ordered;
mod state;

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use crossover_core::{StageError, error::RetryClass};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::generated::Generated;
use ordered::Json;
use state::Rules;

/// The errors of the Lambda service that AWS tells its callers to retry.
const OF_LAMBDA: [&str; 4] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Source {
    machines: IndexMap<String, Machine>,
    retries: IndexMap<String, RetryPolicy>,
    states: IndexMap<String, Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Machine {
    comment: String,
    direction: String,
    start_at: String,
}

/// One entry of a state's `Retry`.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RetryPolicy {
    error_equals: Vec<String>,
    interval_seconds: u32,
    max_attempts: u32,
    backoff_rate: serde_json::Number,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Asl {
    comment: String,
    start_at: String,
    states: IndexMap<String, Json>,
}

/// Every machine of every source, and the page that draws them, as they should be checked in.
pub fn generated(root: &Path) -> anyhow::Result<Vec<Generated>> {
    let folder = root.join("statemachine/source");
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut files = Vec::new();
    let mut drawn = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        let text = fs::read_to_string(&path).with_context(|| shown.clone())?;
        for (name, content) in machines(&text).with_context(|| shown.clone())? {
            let path = root.join(format!("statemachine/{name}.asl.json"));
            drawn.push((name, content.clone()));
            files.push(Generated { path, content });
        }
    }
    ensure!(!files.is_empty(), "{} makes no state machine", folder.display());
    files.push(Generated {
        path: root.join("docs/state-machines.md"),
        content: diagram::page(&drawn)?,
    });
    Ok(files)
}

/// The machines of one source, by name.
fn machines(source: &str) -> anyhow::Result<Vec<(String, String)>> {
    let source: Source = serde_json::from_str(source)?;
    let retries = source
        .retries
        .iter()
        .map(|(name, policy)| (name.clone(), policy.with_errors_named()))
        .collect();
    let mut made = Vec::new();
    for (name, machine) in &source.machines {
        let rules = Rules {
            machine: name,
            direction: &machine.direction,
            retries: &retries,
        };
        let asl = Asl {
            comment: machine.comment.clone(),
            start_at: machine.start_at.clone(),
            states: rules.states(&source.states)?,
        };
        made.push((name.clone(), format!("{}\n", serde_json::to_string_pretty(&asl)?)));
    }
    Ok(made)
}

impl RetryPolicy {
    fn with_errors_named(&self) -> Self {
        let named = self.error_equals.iter().flat_map(|error| match error.as_str() {
            "@retryable" => retryable(),
            "@lambda" => OF_LAMBDA.map(str::to_owned).to_vec(),
            other => vec![other.to_owned()],
        });
        Self {
            error_equals: named.collect(),
            ..self.clone()
        }
    }
}

/// The errors of stages that Step Functions may try again, sorted.
fn retryable() -> Vec<String> {
    let mut names: Vec<String> = StageError::all()
        .filter(|error| error.retry() == RetryClass::Again)
        .map(|error| error.name().to_owned())
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests;
