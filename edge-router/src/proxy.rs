//! Steps of one client request: decide, hold or forward; after a failed read, read the lane again.

use std::rc::Rc;

use crossover_routing::{
    AfterFailure, Decision, Epoch, LeasedLane, Millis, OnFailure, Side, UnixMillis, after_failed_read, decide,
};
use worker::web_sys::{Request, Response};
use worker::{Context, Env, Result};

use crate::clock::now;
use crate::config::Config;
use crate::forward::Outcome;
use crate::{facts, forward, guard, hold, lease, reply};

/// Highest number of attempts for one read.
const MAX_SENDS: u32 = 3;
/// Leases can expire before they arrive; this bounds the number of attempts.
const MAX_RENEWALS: u32 = 3;

/// Serves one request.
pub async fn serve(
    request: &Request,
    url: &str,
    env: &Env,
    ctx: &Context,
    config: &Rc<Config>,
) -> Result<Response> {
    let mut facts = facts::of(request);
    let (mut sends, mut renewals) = (0, 0);
    let mut holding = Holding::default();
    loop {
        let leased = lease::current();
        match decide(leased.as_deref(), &facts, now()) {
            Decision::RefreshLease => {
                renewals += 1;
                let renewed = lease::renew(env, config).await;
                facts.renewal_failed = renewed.is_err() || renewals >= MAX_RENEWALS;
                if let Ok(leased) = renewed {
                    guard::guard(leased, env, ctx, config);
                }
            }
            Decision::Hold => {
                if let Err(why) = holding.wait(env, ctx, config).await {
                    return reply::gave_up(why);
                }
                facts.renewal_failed = false;
            }
            Decision::Forward { to, on_failure } => {
                // decide() forwards only under a lease, so there is one.
                let Some(leased) = leased else {
                    return reply::unreachable(to);
                };
                guard::renew_behind(&leased, env, ctx, config);
                sends += 1;
                let sent = now();
                // Whatever must not be sent twice is counted like a write.
                let counted = (!facts.repeatable).then_some(ctx);
                let outcome = forward::send(request, url, config, to, counted).await?;
                if counted.is_some() {
                    guard::answered(env, ctx, config);
                }
                if outcome.is_failure(on_failure) && facts.repeatable && sends < MAX_SENDS {
                    let tried = (to, leased.record.epoch);
                    match read_lane_after_failure(tried, on_failure, sent, env, config).await {
                        AfterFailure::GiveBack => return finish(&outcome, to, &leased, &holding),
                        AfterFailure::RetryAt(_) => outcome.discard(),
                        AfterFailure::Wait => {
                            outcome.discard();
                            if let Err(why) = holding.wait(env, ctx, config).await {
                                return reply::gave_up(why);
                            }
                            facts.renewal_failed = false;
                        }
                    }
                } else {
                    return finish(&outcome, to, &leased, &holding);
                }
            }
        }
    }
}

/// Reads the lane to see whether a cutover explains a failed read.
async fn read_lane_after_failure(
    tried: (Side, Epoch),
    on_failure: OnFailure,
    sent: UnixMillis,
    env: &Env,
    config: &Config,
) -> AfterFailure {
    match lease::seen_since(env, config, sent).await {
        Ok(fresh) => after_failed_read(tried.0, tried.1, &fresh.record, now()),
        Err(_) => match on_failure {
            OnFailure::Return => AfterFailure::GiveBack,
            OnFailure::WaitAndRetry => AfterFailure::Wait,
        },
    }
}

fn finish(outcome: &Outcome, from: Side, leased: &LeasedLane, holding: &Holding) -> Result<Response> {
    match outcome {
        Outcome::Answered(response) => forward::answer(response, from, &leased.record, holding.held),
        Outcome::Unreachable => reply::unreachable(from),
    }
}

/// How long this request has been held, in all its waits together.
#[derive(Default)]
struct Holding {
    until: Option<UnixMillis>,
    held: Millis,
}

impl Holding {
    /// Waits for the lane to serve, and stores the new lease.
    async fn wait(
        &mut self,
        env: &Env,
        ctx: &Context,
        config: &Rc<Config>,
    ) -> std::result::Result<(), hold::GaveUp> {
        let began = now();
        let until = *self.until.get_or_insert(began + config.hold_max);
        let leased = hold::wait(env, config, until).await?;
        // Requests that are released together bring equal leases, and one guard is enough for them.
        if !lease::is_as_good(&leased) {
            lease::learn(leased.clone());
            guard::guard(leased, env, ctx, config);
        }
        // At least 1: the header states that the request was held, however briefly.
        self.held += now().since(began).max(Millis(1));
        Ok(())
    }
}
