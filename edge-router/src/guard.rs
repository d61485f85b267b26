//! The guard of a lease: work behind the answers of requests that keeps the lane informed.
//!
//! - A lease that is more than half used is renewed.
//! - While writes are in flight, a lease does not end without a report. So the lane knows every write that can
//!   still be under way, also of an isolate that gets no further request. A lease that would end just before a hold is
//!   renewed in any case: the lane would have to wait for a report that never comes.
//! - When the hold begins, and with each answer under the hold, the isolate reports. No request waits for it.

use std::rc::Rc;
use std::time::Duration;

use crossover_routing::traffic::{may_lapse, report_due};
use crossover_routing::{LeasedLane, Millis};
use worker::{Context, Delay, Env};

use crate::clock::now;
use crate::known_lane::KnownLane;

/// Pauses before the next attempt after the lane could not be reached: under the hold, and before it.
const RETRY_AFTER: Millis = Millis(20);
const RETRY_AFTER_SERVING: Millis = Millis(250);
/// A guard ends after this time: the runtime grants a request 30 s after its answer.
const GUARD_LIMIT: Millis = Millis(25_000);

/// Renews a lease that is more than half used, behind the answer of the current request.
pub fn renew_behind(leased: &LeasedLane, lane: &Rc<KnownLane>, env: &Env, ctx: &Context) {
    if !leased.is_due_for_renewal(now()) || !lane.renewing.begin() {
        return;
    }
    let (env, lane) = (env.clone(), Rc::clone(lane));
    ctx.wait_until(async move {
        let renewed = lane.renew(&env).await;
        lane.renewing.end();
        match renewed {
            Ok(leased) => watch(leased, &lane, &env).await,
            Err(error) => worker::console_warn!("lane {}: lease not renewed: {error}", lane.name),
        }
    });
}

/// Guards a lease that the current request has got.
pub fn guard(leased: LeasedLane, lane: &Rc<KnownLane>, env: &Env, ctx: &Context) {
    let (env, lane) = (env.clone(), Rc::clone(lane));
    ctx.wait_until(async move { watch(leased, &lane, &env).await });
}

/// After the answer to a write: where the lane holds, it waits for this news.
pub fn answered(lane: &Rc<KnownLane>, env: &Env, ctx: &Context) {
    if lane.holds() {
        let (env, lane) = (env.clone(), Rc::clone(lane));
        ctx.wait_until(async move { report_news(&lane, &env).await });
    }
}

async fn watch(mut guarded: LeasedLane, lane: &KnownLane, env: &Env) {
    let until = now() + GUARD_LIMIT;
    while now() < until {
        Delay::from(Duration::from(report_due(&guarded).since(now()))).await;
        if lane.holds() {
            return report_news(lane, env).await;
        }
        // A newer lease has its own guard.
        let newer = lane.current().is_none_or(|current| *current != guarded);
        if newer || may_lapse(&guarded, lane.writes.borrow().any()) {
            return;
        }
        match lane.renew(env).await {
            Ok(renewed) => guarded = renewed,
            Err(error) => failed(&error, lane, RETRY_AFTER_SERVING).await,
        }
    }
}

/// Reports until the lane knows the newest state of this isolate, or holds no longer. One report at a time:
/// answers that arrive meanwhile share the next one.
async fn report_news(lane: &KnownLane, env: &Env) {
    while lane.holds() && !lane.is_reported() && lane.reporting.begin() {
        let sent = lane.renew(env).await;
        lane.reporting.end();
        if let Err(error) = sent {
            failed(&error, lane, RETRY_AFTER).await;
        }
    }
}

async fn failed(error: &worker::Error, lane: &KnownLane, pause: Millis) {
    worker::console_warn!("lane {}: writes in flight not reported: {error}", lane.name);
    Delay::from(Duration::from(pause)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No client waits for a report: these functions give nothing back that a request could wait for, and only they
    /// are visible outside this module. Made asynchronous, they have another type and this does not compile.
    const _: fn(&LeasedLane, &Rc<KnownLane>, &Env, &Context) = renew_behind;
    const _: fn(LeasedLane, &Rc<KnownLane>, &Env, &Context) = guard;
    const _: fn(&Rc<KnownLane>, &Env, &Context) = answered;
}
