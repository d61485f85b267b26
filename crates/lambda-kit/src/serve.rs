use std::{future::Future, pin::Pin, sync::Arc};

use crossover_core::{
    Plan, Stage, StageContext, StageError, dry_run,
    ports::{Journal, JournalEntry},
    stage::Invocation,
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tracing::Instrument;

use crate::{Configuration, StageFailure, contexts::Contexts};

/// Serves a stage until the runtime ends.
pub fn serve<S: Stage + 'static>(stage: S, configuration: Configuration) -> Result<(), Error> {
    // Whoever chose the stage may have chosen wrong: no stage does its work under the name of another.
    if S::NAME != configuration.stage {
        let (asked, given) = (configuration.stage, S::NAME);
        return Err(format!(
            "the function's handler asks for {asked}, and the program would serve {given}: deploy another build of it"
        )
        .into());
    }
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_max_level(configuration.log_level)
        .init();
    // Two TLS stacks are linked; rustls wants to be told which provider counts.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async move {
            let worlds = Arc::new(Contexts::new(configuration, crossover_aws::load().await));
            let stage = Arc::new(stage);
            lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| -> Answer {
                let (worlds, stage) = (Arc::clone(&worlds), Arc::clone(&stage));
                Box::pin(async move { handle(&*stage, &worlds, event.payload).await })
            }))
            .await
        })
}

type Answer = Pin<Box<dyn Future<Output = Result<Value, StageFailure>> + Send>>;

async fn handle<S: Stage>(stage: &S, worlds: &Contexts, payload: Value) -> Result<Value, StageFailure> {
    let invocation: Invocation<S::Input> =
        serde_json::from_value(payload).map_err(|e| StageFailure::bad_input(&e))?;
    let plan = invocation.plan;
    let span = tracing::info_span!("stage", migration_id = plan.migration_id, run_id = plan.run_id, lane = plan.lane, stage = %S::NAME);
    async move {
        let faults = plan.faults();
        if !faults.is_empty() {
            return Err(StageError::InvalidPlan { faults }.into());
        }
        let ctx = worlds.ctx(&plan, invocation.direction).await?;
        let started = ctx.clock.now_ms();
        let (ctx, planned) = if plan.dry_run {
            let (ctx, steps) = dry_run::over(ctx, S::ENTERS_IN);
            (ctx, Some(steps))
        } else {
            (ctx, None)
        };
        let outcome = run(stage, &ctx, invocation.input).await;
        let ms = ctx.clock.now_ms().saturating_sub(started);
        match outcome {
            Ok(output) => {
                tracing::info!(ms, "stage done");
                Ok(json!({
                    "stage": S::NAME, "ms": ms, "started_at": started, "output": output,
                    "planned": planned.map(|steps| steps.take()).unwrap_or_default(),
                }))
            }
            Err(error) => {
                tracing::error!(ms, error = %error, name = error.name(), "stage failed");
                // Whatever went wrong, the next invocation starts from fresh connections and secrets.
                worlds.forget().await;
                Err(error.into())
            }
        }
    }
    .instrument(span)
    .await
}

/// Runs the stage with its history. The entry "started" is written beside the work: nothing in the pause waits for it.
async fn run<S: Stage>(stage: &S, ctx: &StageContext, input: S::Input) -> Result<Value, StageError> {
    let started = note(
        ctx,
        S::NAME.as_str(),
        "started",
        json!({ "direction": ctx.direction }),
    );
    let work = async {
        let output = stage.run(ctx, input).await?;
        serde_json::to_value(output)
            .map_err(|e| StageError::Refused(format!("the stage's output cannot be written: {e}")))
    };
    let ((), outcome) = tokio::join!(started, work);
    let (event, detail) = match &outcome {
        Ok(_) if S::ENDS_IN_PAUSE => return outcome,
        Ok(output) => ("done", kept(output)),
        Err(error) => (
            "failed",
            json!({ "error": error.name(), "message": error.to_string() }),
        ),
    };
    note(ctx, S::NAME.as_str(), event, detail).await;
    outcome
}

/// What a stage leaves behind, if it fits into an entry: DynamoDB items end at 400 KB.
fn kept(output: &Value) -> Value {
    const MOST_BYTES: usize = 200_000;
    let bytes = output.to_string().len();
    if bytes <= MOST_BYTES {
        output.clone()
    } else {
        json!({ "left_out": format!("{bytes} bytes; the state machine's history has them") })
    }
}

/// Writes one journal entry. History is not worth a cutover: a journal that is down is logged, not fatal.
async fn note(ctx: &StageContext, stage: &str, event: &str, detail: Value) {
    let Plan {
        migration_id,
        run_id,
        lane,
        ..
    } = ctx.plan.clone();
    let entry = JournalEntry {
        migration_id,
        run_id,
        lane,
        stage: stage.to_owned(),
        event: event.to_owned(),
        at_ms: ctx.clock.now(),
        detail,
    };
    let journal: &dyn Journal = &*ctx.journal;
    if let Err(error) = journal.append(entry).await {
        tracing::warn!(error = %error, "the journal could not be written");
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use crossover_core::StageName;

    use super::*;

    struct Rollback;

    #[async_trait]
    impl Stage for Rollback {
        const NAME: StageName = StageName::Rollback;
        type Input = ();
        type Output = ();

        async fn run(&self, _world: &StageContext, (): ()) -> Result<(), StageError> {
            Ok(())
        }
    }

    #[test]
    fn no_stage_is_served_under_the_name_of_another() {
        let configuration = Configuration {
            stage: StageName::Abort,
            journal_table: "journal".to_owned(),
            notice_topic_arn: None,
            log_level: tracing::Level::INFO,
        };
        let error = serve(Rollback, configuration).unwrap_err().to_string();
        assert!(
            error.contains("asks for abort") && error.contains("would serve rollback"),
            "{error}"
        );
    }
}
