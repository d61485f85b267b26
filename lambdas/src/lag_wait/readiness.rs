//! Whether the cutover can start now: the stream, the old writer, the load and the lag, in this order.

use crossover_core::{
    Direction, Millis, StageContext, StageError,
    ports::{Figure, StreamState},
};

use super::{
    headroom::Load,
    obstacle::{Obstacle, What},
};

/// The current lag and load, or what stands in the way.
pub async fn readiness(ctx: &StageContext) -> Result<Result<(Millis, Load), Obstacle>, StageError> {
    if let Some(obstacle) = stream(ctx).await? {
        return Ok(Err(obstacle));
    }
    if let Some(obstacle) = long_transaction(ctx).await? {
        return Ok(Err(obstacle));
    }
    let load = Load::now(ctx).await?;
    if let Some(obstacle) = load.obstacle(ctx.plan.limits.drain_grace_ms) {
        return Ok(Err(obstacle));
    }
    Ok(lag(ctx).await?.map(|lag_ms| (lag_ms, load)))
}

async fn stream(ctx: &StageContext) -> Result<Option<Obstacle>, StageError> {
    let stream = ctx.stream();
    let name = ctx.replication.name(stream);
    let found = |what, reason| Ok(Some(Obstacle::new(what, reason)));
    let Some(health) = ctx.replication.health(stream).await? else {
        return found(What::Stream, format!("{name} does not exist"));
    };
    if health.state == StreamState::Failed {
        let reason = format!("{name} is {health}");
        return Err(StageError::ReplicationNotReady { reason });
    }
    if health.state != StreamState::Running {
        return found(What::Stream, format!("{name} is {health}, not running"));
    }
    if ctx.direction == Direction::Forward && health.loaded_percent < 100 {
        let loaded = health.loaded_percent;
        return found(
            What::InitialLoad,
            format!("{name} has loaded {loaded} % of the existing rows"),
        );
    }
    let tables = ctx.replication.tables(stream).await?;
    let missing: Vec<String> = tables
        .into_iter()
        .filter(|table| !table.follows)
        .map(|table| format!("{} ({})", table.table, table.state))
        .collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let missing = missing.join(", ");
    found(
        What::Tables,
        format!("{name} does not carry the changes of all tables: {missing}"),
    )
}

async fn long_transaction(ctx: &StageContext) -> Result<Option<Obstacle>, StageError> {
    let longest = ctx.plan.limits.long_transaction_ms;
    let open = ctx.old_writer.reads.open_transactions(longest).await?;
    Ok(open.first().map(|oldest| {
        Obstacle::new(
            What::LongTransaction,
            format!(
                "on the old writer, role {} has had a transaction open for {} ms (pid {})",
                oldest.role, oldest.age_ms, oldest.pid
            ),
        )
    }))
}

async fn lag(ctx: &StageContext) -> Result<Result<Millis, Obstacle>, StageError> {
    let stream = ctx.stream();
    let name = ctx.replication.name(stream);
    let most = ctx.plan.limits.max_lag_ms;
    let newest = ctx.metrics.lag(stream).await?;
    Ok(match Figure::known(newest, &format!("lag figure for {name}")) {
        Err(unknown) => Err(Obstacle::new(What::Figure, unknown)),
        Ok(lag_ms) if lag_ms > most => Err(Obstacle::new(
            What::Lag,
            format!("the lag of {name} is {lag_ms} ms, above limits.max_lag_ms ({most} ms)"),
        )),
        Ok(lag_ms) => Ok(lag_ms),
    })
}
