//! lag-wait: waits until the change stream keeps up, proven by the state of the stream, the lag metric and a
//! catch-up marker, and until the load leaves room for the pause ([`headroom`]).
//!
//! Unknown counts as "not ready": a missing or outdated lag figure, or a table in an unknown state.
//!
//! While it waits, the journal has an entry for each thing it waits for.

mod headroom;
mod obstacle;
mod readiness;

use async_trait::async_trait;
use crossover_core::{
    Millis, Stage, StageContext, StageError, StageName, UnixMillis,
    catch_up::wait_for_marker,
    polling::Polling,
    ports::{MarkerError, PortError},
    routing::BuildId,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use obstacle::{Obstacle, What};
use readiness::readiness;

/// Time between two reads of the stream's state.
const POLL_EVERY: Millis = Millis(500);

pub struct LagWait;

/// Empty: the stage needs only the plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {}

#[derive(Debug, Serialize)]
pub struct Output {
    /// The newest lag figure.
    pub lag_ms: Millis,
    /// How long a catch-up marker took from the old writer to the new one.
    pub probe_marker_ms: Millis,
    /// How long writes will be held, as far as the present load tells. final-sync records the measured time.
    pub predicted_pause_ms: Millis,
    /// The build of the edge's Worker that serves the lane, as its reports say.
    pub edge_build: Option<BuildId>,
    pub waited_ms: Millis,
}

#[async_trait]
impl Stage for LagWait {
    const NAME: StageName = StageName::new("lag-wait");
    const PURPOSE: &'static str = "Waits until replication keeps up, and proves it with a catch-up marker.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, _input: Input) -> Result<Output, StageError> {
        let limits = &ctx.plan.limits;
        let began = ctx.clock.now();
        let mut polling = Polling::new(&*ctx.clock, POLL_EVERY, limits.lag_wait_ms);
        let mut ready_since: Option<UnixMillis> = None;
        let mut told: Option<What> = None;
        let (lag_ms, load) = loop {
            let now = ctx.clock.now();
            ctx.require_not_aborted().await?;
            let obstacle = match readiness(ctx).await? {
                Ok((lag_ms, load)) => {
                    let ready = now.since(*ready_since.get_or_insert(now));
                    if ready >= limits.lag_stable_ms {
                        break (lag_ms, load);
                    }
                    Obstacle::new(
                        What::Stability,
                        format!(
                            "the lag has been below the limit for {ready} ms; limits.lag_stable_ms asks for {} ms",
                            limits.lag_stable_ms
                        ),
                    )
                }
                Err(obstacle) => {
                    ready_since = None;
                    obstacle
                }
            };
            if told.replace(obstacle.what) != Some(obstacle.what) {
                tell(ctx, &obstacle, polling.waited()).await;
            }
            let waited = polling.pause().await;
            waited.map_err(|late| obstacle.into_error(late.waited))?;
        };
        let probe_marker_ms = probe(ctx).await?;
        Ok(Output {
            lag_ms,
            probe_marker_ms,
            edge_build: load.edge_build(),
            predicted_pause_ms: load.predicted_pause(probe_marker_ms),
            waited_ms: ctx.clock.now().since(began),
        })
    }
}

/// Writes into the run's history what the stage waits for now. The figures in the reason change all the time; an
/// entry is written when the kind of obstacle changes.
async fn tell(ctx: &StageContext, obstacle: &Obstacle, waited: Millis) {
    let detail = json!({
        "for": obstacle.what,
        "reason": obstacle.reason,
        "waited_ms": waited,
        "longest_ms": ctx.plan.limits.lag_wait_ms,
    });
    tracing::info!(reason = %obstacle.reason, "waiting");
    if let Err(error) = ctx.record(LagWait::NAME, "waiting", detail).await {
        tracing::warn!(error = %error, "the journal could not be written");
    }
}

/// A lag figure does not prove that changes arrive. A catch-up marker that arrives does.
async fn probe(ctx: &StageContext) -> Result<Millis, StageError> {
    let nonce = format!("probe-{}", uuid::Uuid::new_v4());
    let seen = wait_for_marker(
        &*ctx.old_writer.writes,
        &*ctx.new_writer.writes,
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
