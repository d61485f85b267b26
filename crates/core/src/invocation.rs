//! One invocation of a stage, with its journal entries and the answer for the state machine.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{AnyStage, Direction, Plan, StageContext, StageError, dry_run, ports::PortError};

/// What Step Functions sends to a stage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    pub plan: Plan,
    #[serde(default)]
    pub direction: Direction,
    pub input: Value,
}

/// Runs a stage and writes its journal entries. The entry "started" is written while the stage works, so that
/// the pause does not wait for it. A failed journal does not end a cutover; `journal_failed` receives the
/// error.
pub async fn invoke(
    stage: &dyn AnyStage,
    ctx: StageContext,
    input: Value,
    journal_failed: &(dyn Fn(&PortError) + Sync),
) -> Result<Value, StageError> {
    let started_at_ms = ctx.clock.now();
    let (ctx, planned) = if ctx.plan.dry_run {
        let (ctx, steps) = dry_run::over(ctx, stage.enters_in());
        (ctx, Some(steps))
    } else {
        (ctx, None)
    };
    let note = async |event: &str, detail: Value| {
        if let Err(error) = ctx.record(stage.name(), event, detail).await {
            journal_failed(&error);
        }
    };
    let started = note("started", json!({ "direction": ctx.direction }));
    let ((), outcome) = futures::join!(started, stage.run_json(&ctx, input));
    match &outcome {
        Ok(_) if stage.ends_in_pause() => {}
        Ok(output) => note("done", kept(output)).await,
        Err(error) => {
            let detail = json!({ "error": error.name(), "message": error.to_string() });
            note("failed", detail).await;
        }
    }
    let output = outcome?;
    Ok(json!({
        "stage": stage.name(),
        "started_at_ms": started_at_ms,
        "duration_ms": ctx.clock.now().since(started_at_ms),
        "output": output,
        "planned": planned.map(|steps| steps.take()).unwrap_or_default(),
    }))
}

/// The output for the journal, or its size where it is too large: an entry of the journal is limited to 400 KB.
fn kept(output: &Value) -> Value {
    const MOST_BYTES: usize = 200_000;
    let bytes = output.to_string().len();
    if bytes <= MOST_BYTES {
        output.clone()
    } else {
        json!({ "left_out": format!("{bytes} bytes; the full output is in the state machine's history") })
    }
}
