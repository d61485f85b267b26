//! lag-wait: the change stream keeps up, proven by its own state, the monitoring's figures and a catch-up marker of ours.
//!
//! Unknown is "not ready": a missing figure, an old figure, a table in an unknown state, an old transaction.

use async_trait::async_trait;
use crossover_core::{
    Direction, Stage, StageContext, StageError, StageName,
    catch_up::{MarkerError, wait_for_marker},
    polling::Polling,
    ports::{PortError, TaskState},
};
use serde::{Deserialize, Serialize};

/// Time between two looks at the figures.
const LOOK_EVERY_MS: u64 = 500;
/// A figure may be this many metric periods old, plus what CloudWatch takes to show it.
const FRESH_PERIODS: u64 = 3;
const SHOWN_AFTER_MS: u64 = 5_000;

/// The stage.
pub struct LagWait;

/// It needs nothing beside the plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {}

#[derive(Debug, Serialize)]
pub struct Output {
    /// The last lag figure.
    pub lag_ms: u64,
    /// How long a catch-up marker took from one side to the other.
    pub probe_marker_ms: u64,
    pub waited_ms: u64,
}

#[async_trait]
impl Stage for LagWait {
    const NAME: StageName = StageName::new("lag-wait");
    const PURPOSE: &'static str = "Waits until replication keeps up, and proves it with a catch-up marker.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, _input: Input) -> Result<Output, StageError> {
        let limits = &ctx.plan.limits;
        let began = ctx.clock.now_ms();
        let mut polling = Polling::new(&*ctx.clock, LOOK_EVERY_MS, limits.lag_wait_ms);
        let mut ready_since: Option<u64> = None;
        let lag_ms = loop {
            let now = ctx.clock.now_ms();
            let reason = match readiness(ctx).await? {
                Ok(lag_ms) => {
                    let ready_ms = now.saturating_sub(*ready_since.get_or_insert(now));
                    if ready_ms >= limits.lag_stable_ms {
                        break lag_ms;
                    }
                    format!("it has kept up for {ready_ms} ms only")
                }
                Err(reason) => {
                    ready_since = None;
                    reason
                }
            };
            let waited = polling.pause().await;
            waited.map_err(|_| StageError::ReplicationNotReady { reason })?;
        };
        Ok(Output {
            lag_ms,
            probe_marker_ms: probe(ctx).await?,
            waited_ms: ctx.clock.now_ms().saturating_sub(began),
        })
    }
}

/// The lag now, or the reason why nothing can be said.
async fn readiness(ctx: &StageContext) -> Result<Result<u64, String>, StageError> {
    let stream = ctx.stream();
    let limits = &ctx.plan.limits;
    let Some(task) = ctx.replication.task(stream).await? else {
        return Ok(Err(format!("task {stream} does not exist")));
    };
    if task.state == TaskState::Failed {
        let reason = format!("task {stream} failed: {}", task.last_failure.unwrap_or_default());
        return Err(StageError::ReplicationNotReady { reason });
    }
    if task.state != TaskState::Running {
        return Ok(Err(format!("task {stream} is {}", task.state)));
    }
    if ctx.direction == Direction::Forward && task.full_load_percent < 100 {
        return Ok(Err(format!(
            "task {stream} has loaded {} %",
            task.full_load_percent
        )));
    }
    let waiting: Vec<String> = ctx
        .replication
        .tables(stream)
        .await?
        .into_iter()
        .filter(|t| !t.is_healthy())
        .map(|t| format!("{} ({})", t.table, t.state))
        .collect();
    if !waiting.is_empty() {
        return Ok(Err(format!("tables do not follow yet: {}", waiting.join(", "))));
    }
    let old = ctx
        .old_writer
        .open_transactions(limits.long_transaction_ms)
        .await?;
    if let Some(oldest) = old.first() {
        return Ok(Err(format!(
            "{} has a transaction open for {} ms (pid {})",
            oldest.role, oldest.age_ms, oldest.pid
        )));
    }
    let fresh_ms = u64::from(limits.lag_period_s) * 1000 * FRESH_PERIODS + SHOWN_AFTER_MS;
    Ok(match ctx.metrics.cdc_lag(stream).await? {
        None => Err(format!("there is no lag figure for task {stream}")),
        Some(lag) if lag.age_ms > fresh_ms => Err(format!(
            "the lag figure of task {stream} is {} ms old",
            lag.age_ms
        )),
        Some(lag) if lag.lag_ms > limits.max_lag_ms => Err(format!(
            "the lag is {} ms, over {} ms",
            lag.lag_ms, limits.max_lag_ms
        )),
        Some(lag) => Ok(lag.lag_ms),
    })
}

/// Lag proves nothing, a marker does: one of ours must come through.
async fn probe(ctx: &StageContext) -> Result<u64, StageError> {
    let nonce = format!("probe-{}", uuid::Uuid::new_v4());
    let seen = wait_for_marker(
        &*ctx.old_writer,
        &*ctx.new_writer,
        &*ctx.clock,
        (&ctx.plan.run_id, &nonce),
        ctx.plan.limits.marker_ms,
    );
    seen.await.map_err(|error| match error {
        PortError::Marker(MarkerError::NotSeen { waited_ms, .. }) => {
            StageError::ProbeMarkerNotSeen { waited_ms }
        }
        other => other.into(),
    })
}
