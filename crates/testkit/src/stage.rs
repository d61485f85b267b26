//! Runs a stage as its function does: input from JSON, journal entries, stable error names, killed
//! processes.

use std::sync::Arc;

use crossover_core::{AnyStage, Direction, Plan, invocation};
use serde_json::Value;

use crate::{executor::run_until_killed, ports, state::Shared};

/// The error name that Step Functions reports when a function's process ends without an answer.
pub const PROCESS_ENDED: &str = "Runtime.ExitError";

/// The failure of a stage, as Step Functions receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub name: String,
    pub text: String,
}

/// Invokes a stage as a separate process over the shared system.
///
/// # Errors
/// The stage's error with its stable name, or [`PROCESS_ENDED`] when a fault killed the process.
pub async fn invoke(
    shared: Shared,
    plan: Plan,
    direction: Direction,
    stage: Arc<dyn AnyStage>,
    input: Value,
) -> Result<Value, Failure> {
    let process = shared.lock().id();
    let ctx = ports::ctx(&shared, process, &plan, direction);
    let work = invocation::invoke(&*stage, ctx, input, &|_| ());
    match run_until_killed(shared.clone(), process, work).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Failure {
            name: error.name().to_owned(),
            text: error.to_string(),
        }),
        Err(died) => Err(Failure {
            name: PROCESS_ENDED.to_owned(),
            text: format!("{died:?}"),
        }),
    }
}
