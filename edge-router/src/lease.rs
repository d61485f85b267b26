//! The isolate's lease on the lane: what it may route by, and until when.
//!
//! One request can never wait for another request's I/O in an isolate, so there is no shared fetch: each request that
//! finds no live lease asks for itself, and one that finds a worn lease renews it behind its answer.

use std::cell::{Cell, RefCell};

use crossover_routing::{LeasedLane, Millis, UnixMillis};
use worker::{Context, Env, Result};

use crate::clock::now;
use crate::config::Config;
use crate::lane_client::LaneClient;

/// A renewal that has not come back by then belongs to a request that is gone: another may start.
const RENEWAL_TIMEOUT: Millis = Millis(2_000);

thread_local! {
    static LEASE: RefCell<Option<LeasedLane>> = const { RefCell::new(None) };
    static RENEWING_SINCE: Cell<Option<UnixMillis>> = const { Cell::new(None) };
}

/// The lease as it stands; it may have ended.
pub fn current() -> Option<LeasedLane> {
    LEASE.with_borrow(Clone::clone)
}

/// Takes a lease over unless the isolate knows something newer.
pub fn learn(leased: LeasedLane) {
    LEASE.with_borrow_mut(|known| {
        if known.as_ref().is_none_or(|known| leased.supersedes(known)) {
            *known = Some(leased);
        }
    });
}

/// Asks the lane. The lease counts from before the question: the answer may be as old as that.
pub async fn renew(env: &Env, config: &Config) -> Result<LeasedLane> {
    let asked = now();
    let snapshot = LaneClient::new(env, &config.lane)?.record().await?;
    let leased = LeasedLane::new(snapshot.record, asked);
    learn(leased.clone());
    Ok(leased)
}

/// The lane as it was at `since` or later: asked anew unless another request has done so meanwhile, so that a
/// failing origin does not turn every read into a call to the lane.
pub async fn seen_since(env: &Env, config: &Config, since: UnixMillis) -> Result<LeasedLane> {
    match current() {
        Some(leased) if leased.leased_from() > since => Ok(leased),
        _ => renew(env, config).await,
    }
}

/// Renews a worn lease behind the answer of the request at hand.
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
