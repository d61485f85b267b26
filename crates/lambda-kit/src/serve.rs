use std::{future::Future, pin::Pin, sync::Arc};

use crossover_core::{AnyStage, Invocation, StageError, invocation::invoke, ports::PortError};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tracing::Instrument;

use crate::{Configuration, StageFailure, contexts::Contexts, engines::Engines};

/// Serves a stage until the runtime ends.
pub fn serve(configuration: Configuration) -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_max_level(configuration.log_level)
        .init();
    // Two TLS providers are linked; rustls needs an explicit choice.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async move {
            let stage = Arc::clone(&configuration.stage);
            let contexts = Arc::new(Contexts::new(configuration, crossover_aws::in_function()));
            lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| -> Answer {
                let (contexts, stage) = (Arc::clone(&contexts), Arc::clone(&stage));
                Box::pin(async move { handle(&*stage, &contexts, event.payload).await })
            }))
            .await
        })
}

type Answer = Pin<Box<dyn Future<Output = Result<Value, StageFailure>> + Send>>;

async fn handle(stage: &dyn AnyStage, contexts: &Contexts, payload: Value) -> Result<Value, StageFailure> {
    let invocation: Invocation = serde_json::from_value(payload).map_err(|e| StageFailure::bad_input(&e))?;
    let plan = invocation.plan;
    let span = tracing::info_span!(
        "stage", migration_id = plan.migration_id, run_id = plan.run_id, lane = plan.lane, stage = %stage.name()
    );
    async move {
        let engines = Engines::of(&plan).map_err(|faults| StageError::InvalidPlan { faults })?;
        let ctx = Box::pin(contexts.context(&plan, invocation.direction, &engines)).await?;
        let clock = Arc::clone(&ctx.clock);
        let started = clock.now();
        let outcome = Box::pin(invoke(stage, ctx, invocation.input, &journal_failed)).await;
        let ms = clock.now().since(started).0;
        match outcome {
            Ok(answer) => {
                tracing::info!(ms, "stage done");
                Ok(answer)
            }
            Err(error) => {
                tracing::error!(ms, error = %error, name = error.name(), "stage failed");
                // After any error the next invocation starts with new connections and secrets.
                contexts.forget().await;
                Err(error.into())
            }
        }
    }
    .instrument(span)
    .await
}

fn journal_failed(error: &PortError) {
    tracing::warn!(error = %error, "the journal could not be written");
}
