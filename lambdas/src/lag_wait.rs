//! lag-wait: waits until the change stream keeps up, proven by the state of the stream, the lag metric and a
//! catch-up marker, and until the load leaves room for the pause ([`headroom`]).
//!
//! Unknown counts as "not ready": a missing or outdated lag figure, or a table in an unknown state.

mod headroom;

use async_trait::async_trait;
use crossover_core::{
    Direction, Millis, Stage, StageContext, StageError, StageName, UnixMillis,
    catch_up::{MarkerError, wait_for_marker},
    polling::Polling,
    ports::{Figure, PortError, StreamState},
};
use serde::{Deserialize, Serialize};

use headroom::Load;

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
        let (lag_ms, load) = loop {
            let now = ctx.clock.now();
            let not_ready = match readiness(ctx).await? {
                Ok((lag_ms, load)) => {
                    let ready = now.since(*ready_since.get_or_insert(now));
                    if ready >= limits.lag_stable_ms {
                        break (lag_ms, load);
                    }
                    NotReady::Busy(format!(
                        "the lag has been below the limit for {ready} ms; limits.lag_stable_ms asks for {} ms",
                        limits.lag_stable_ms
                    ))
                }
                Err(not_ready) => {
                    ready_since = None;
                    not_ready
                }
            };
            let waited = polling.pause().await;
            waited.map_err(|late| not_ready.into_error(late.waited))?;
        };
        let probe_marker_ms = probe(ctx).await?;
        Ok(Output {
            lag_ms,
            probe_marker_ms,
            predicted_pause_ms: load.predicted_pause(probe_marker_ms),
            waited_ms: ctx.clock.now().since(began),
        })
    }
}

/// Why the cutover cannot start yet.
enum NotReady {
    /// Less load may be enough.
    Busy(String),
    /// Somebody has to correct something.
    Fault(String),
}

impl NotReady {
    fn into_error(self, waited: Millis) -> StageError {
        match self {
            Self::Busy(reason) => StageError::TooBusy {
                reason: format!("{reason} (waited {waited} ms)"),
            },
            Self::Fault(reason) => StageError::ReplicationNotReady {
                reason: format!("{reason} (waited {waited} ms)"),
            },
        }
    }
}

/// The current lag and load, or the reason why the cutover cannot start yet.
async fn readiness(ctx: &StageContext) -> Result<Result<(Millis, Load), NotReady>, StageError> {
    let stream = ctx.stream();
    let limits = &ctx.plan.limits;
    let name = ctx.replication.name(stream);
    let Some(health) = ctx.replication.health(stream).await? else {
        return Ok(Err(NotReady::Fault(format!("{name} does not exist"))));
    };
    if health.state == StreamState::Failed {
        let reason = format!("{name} is {health}");
        return Err(StageError::ReplicationNotReady { reason });
    }
    if health.state != StreamState::Running {
        return Ok(Err(NotReady::Fault(format!("{name} is {health}, not running"))));
    }
    if ctx.direction == Direction::Forward && health.loaded_percent < 100 {
        return Ok(Err(NotReady::Busy(format!(
            "{name} has loaded {} % of the existing rows",
            health.loaded_percent
        ))));
    }
    let waiting: Vec<String> = ctx
        .replication
        .tables(stream)
        .await?
        .into_iter()
        .filter(|t| !t.follows)
        .map(|t| format!("{} ({})", t.table, t.state))
        .collect();
    if !waiting.is_empty() {
        return Ok(Err(NotReady::Fault(format!(
            "{name} does not carry the changes of all tables: {}",
            waiting.join(", ")
        ))));
    }
    let old = ctx
        .old_writer
        .reads
        .open_transactions(limits.long_transaction_ms)
        .await?;
    if let Some(oldest) = old.first() {
        return Ok(Err(NotReady::Busy(format!(
            "on the old writer, role {} has had a transaction open for {} ms (pid {})",
            oldest.role, oldest.age_ms, oldest.pid
        ))));
    }
    let load = Load::now(ctx).await?;
    if let Some(unknown) = load.unknown() {
        return Ok(Err(NotReady::Fault(unknown)));
    }
    if let Some(obstacle) = load.obstacle(limits.drain_grace_ms) {
        return Ok(Err(NotReady::Busy(obstacle)));
    }
    let lag = ctx.metrics.lag(stream).await?;
    Ok(match Figure::known(lag, &format!("lag figure for {name}")) {
        Err(unknown) => Err(NotReady::Fault(unknown)),
        Ok(lag_ms) if lag_ms > limits.max_lag_ms => Err(NotReady::Busy(format!(
            "the lag of {name} is {lag_ms} ms, above limits.max_lag_ms ({} ms)",
            limits.max_lag_ms
        ))),
        Ok(lag_ms) => Ok((lag_ms, load)),
    })
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
