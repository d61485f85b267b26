//! Running a stage as its Lambda does: input from JSON, history beside the work, stable error names, sudden ends.

use std::sync::Arc;

use crossover_core::{AnyStage, Direction, Plan, invocation};
use serde_json::Value;

use crate::{executor::mortal, ports, state::Shared};

/// The error name Step Functions gives to a Lambda whose process ended.
pub const PROCESS_ENDED: &str = "Runtime.ExitError";

/// How a stage failed, as Step Functions sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub name: String,
    pub text: String,
}

/// One invocation of a stage: a process of its own in the shared system.
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
    match mortal(shared.clone(), process, work).await {
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
