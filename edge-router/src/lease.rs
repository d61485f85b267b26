//! The isolate's lease on the lane: the record to route by, and the time until which the record is valid.
//!
//! In an isolate a request cannot wait for another request's I/O, so there is no shared fetch: each request
//! that finds no valid lease asks the lane itself, and a request that finds a lease more than half used
//! renews it after its own answer.

use std::cell::{Cell, RefCell};

use crossover_routing::{LeasedLane, Millis, UnixMillis};
use worker::{Context, Env, Result};

use crate::clock::now;
use crate::config::Config;
use crate::lane_client::LaneClient;

/// A renewal that takes longer belongs to a request that has ended: another renewal may start.
const RENEWAL_TIMEOUT: Millis = Millis(2_000);

thread_local! {
    static LEASE: RefCell<Option<LeasedLane>> = const { RefCell::new(None) };
    static RENEWING_SINCE: Cell<Option<UnixMillis>> = const { Cell::new(None) };
}

/// The stored lease; it may have expired.
pub fn current() -> Option<LeasedLane> {
    LEASE.with_borrow(Clone::clone)
}

/// Stores a lease unless the isolate has a newer one.
pub fn learn(leased: LeasedLane) {
    LEASE.with_borrow_mut(|known| {
        if known.as_ref().is_none_or(|known| leased.supersedes(known)) {
            *known = Some(leased);
        }
    });
}

/// Asks the lane. The lease counts from before the question, because the answer may be as old as the
/// question.
pub async fn renew(env: &Env, config: &Config) -> Result<LeasedLane> {
    let asked = now();
    let snapshot = LaneClient::new(env, &config.lane)?.record().await?;
    let leased = LeasedLane::new(snapshot.record, asked);
    learn(leased.clone());
    Ok(leased)
}

/// The lane's record at `since` or later. Asks the lane unless another request has done so meanwhile, so that
/// a failing origin does not turn every read into a call to the lane.
pub async fn seen_since(env: &Env, config: &Config, since: UnixMillis) -> Result<LeasedLane> {
    match current() {
        Some(leased) if leased.leased_from() > since => Ok(leased),
        _ => renew(env, config).await,
    }
}

/// Renews a lease that is more than half used, after the answer of the current request.
pub fn renew_behind(leased: &LeasedLane, env: &Env, ctx: &Context, config: &std::rc::Rc<Config>) {
    let now = now();
    let renewing = RENEWING_SINCE
        .get()
        .is_some_and(|since| now.since(since) < RENEWAL_TIMEOUT);
    if !leased.is_due_for_renewal(now) || renewing {
        return;
    }
    RENEWING_SINCE.set(Some(now));
    let (env, config) = (env.clone(), config.clone());
    ctx.wait_until(async move {
        if let Err(error) = renew(&env, &config).await {
            worker::console_warn!("lane {}: lease not renewed: {error}", config.lane);
        }
        RENEWING_SINCE.set(None);
    });
}
