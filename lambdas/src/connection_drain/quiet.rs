//! The wait for quiet: no write that was forwarded before the hold is under way, at the edge or in the
//! database. Nothing is locked before.

use crossover_core::{
    Millis, StageContext, StageError,
    plan::OnStragglers,
    polling::Polling,
    ports::{LockPlan, RunningTransaction},
    routing::{Traffic, UnixMillis},
};

/// Time between two questions. A question to the edge waits for the answer itself.
const POLL_EVERY: Millis = Millis(5);
/// How long transactions that have changed nothing may take to end after the edge is quiet. They may be ended,
/// and a long report must not lengthen the pause.
const READS: Millis = Millis(250);

/// How the wait ended.
pub struct Quiet {
    /// Time from the hold until the edge knew of no write in flight.
    pub edge_ms: Millis,
    /// Time from the hold until the database ran no transaction from before that either.
    pub database_ms: Millis,
    /// Writes that had not ended; only where the plan ends them.
    pub stragglers: Vec<String>,
    /// The lock as of the last look.
    pub lock: LockPlan,
}

/// Waits until the edge has twice answered that no write is in flight, and until every transaction that the
/// database ran at that time has ended. A transaction that begins later is no client's of the edge.
///
/// # Errors
/// `WritesInFlight` at the end of the grace, unless the plan ends such writes.
pub async fn wait(ctx: &StageContext, hold_at: UnixMillis) -> Result<Quiet, StageError> {
    let since_hold = || ctx.clock.now().since(hold_at);
    // The lock is planned with each look, so that its plan is new and the lock is one round trip.
    let look = async || {
        let source = &ctx.old_writer.writes;
        let plan = source.plan_lock(&ctx.plan.scope, &ctx.plan.run_id);
        Ok::<_, StageError>(futures::try_join!(source.transactions(), plan)?)
    };
    let grace = (hold_at + ctx.plan.limits.drain_grace_ms).since(ctx.clock.now());
    let mut polling = Polling::new(&*ctx.clock, POLL_EVERY, grace);
    let (late, (mut left, mut lock)) = loop {
        let mut edge = traffic(ctx).await?;
        if edge.is_quiet() {
            // The second answer and the first look into the database take one round trip.
            let (second, earlier) = futures::try_join!(traffic(ctx), look())?;
            edge = second;
            if edge.is_quiet() {
                break (None, earlier);
            }
        }
        if polling.pause().await.is_err() {
            break (Some(edge), look().await?);
        }
    };
    let edge_ms = since_hold();
    while !left.is_empty() && polling.pause().await.is_ok() {
        let mut now;
        (now, lock) = look().await?;
        now.retain(|open| left.iter().any(|earlier| earlier.id == open.id));
        left = now;
        if since_hold() >= edge_ms + READS {
            left.retain(|transaction| transaction.writes);
        }
    }
    Ok(Quiet {
        edge_ms,
        database_ms: since_hold(),
        stragglers: stragglers(ctx, late, &left, since_hold())?,
        lock,
    })
}

async fn traffic(ctx: &StageContext) -> Result<Traffic, StageError> {
    Ok(ctx.lane.traffic().await?)
}

/// What has not ended, and the plan's decision about it. A transaction that has changed nothing is a read: the
/// edge sends it again after the cutover, so it may be ended.
fn stragglers(
    ctx: &StageContext,
    edge: Option<Traffic>,
    transactions: &[RunningTransaction],
    waited_ms: Millis,
) -> Result<Vec<String>, StageError> {
    let mut what: Vec<String> = edge.iter().map(ToString::to_string).collect();
    let writing = transactions.iter().filter(|transaction| transaction.writes);
    what.extend(writing.map(|open| format!("transaction of {}, open for {} ms", open.who, open.age_ms)));
    match ctx.plan.on_stragglers {
        OnStragglers::Abort if !what.is_empty() => Err(StageError::WritesInFlight { waited_ms, what }),
        OnStragglers::Abort | OnStragglers::End => Ok(what),
    }
}
