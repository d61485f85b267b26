//! Steps of one client request: decide, hold or forward; after a failed read, read the lane again.

use std::rc::Rc;

use crossover_routing::directory::{Lane, Lookup};
use crossover_routing::{
    AfterFailure, Decision, Epoch, LaneRecord, LeasedLane, Millis, OnFailure, Side, UnixMillis,
    after_failed_read, decide,
};
use worker::web_sys::{Request, Response};
use worker::{Context, Env, Result};

use crate::clock::now;
use crate::config::Config;
use crate::forward::{Account, Outcome};
use crate::known_lane::{self, KnownLane};
use crate::request_parts::Parts;
use crate::{facts, forward, guard, headers, hold, known_directory, reply};

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
    let parts = Parts { request, url };
    let (mut sends, mut renewals, mut failed_at_target) = (0, 0, false);
    let mut holding = Holding::default();
    loop {
        // Looked up in each turn: a request that was held must not go by a directory that was replaced meanwhile.
        let Ok(routes) = known_directory::routes(facts.is_write, env, ctx, config).await else {
            return reply::no_directory();
        };
        let (name, lane) = match routes.lane_of(&parts) {
            Ok(found) => found,
            Err(why) => return reply::unclear(&why),
        };
        let known = known_lane::of(name);
        let leased = known.current();
        if let Some(leased) = &leased {
            facts.prefers_target =
                !failed_at_target && !facts.is_write && prefers_target(&leased.record, lane, &known, &parts);
        }
        match decide(leased.as_deref(), &facts, now()) {
            Decision::RefreshLease => {
                renewals += 1;
                let renewed = known.renew(env).await;
                facts.renewal_failed = renewed.is_err() || renewals >= MAX_RENEWALS;
                if let Ok(leased) = renewed {
                    guard::guard(leased, &known, env, ctx);
                }
            }
            Decision::Refuse(why) => return reply::refused(why),
            Decision::Hold => {
                if let Err(why) = holding.wait(&known, env, ctx, config).await {
                    return reply::gave_up(why);
                }
                facts.renewal_failed = false;
            }
            Decision::Forward { to, on_failure } => {
                // decide() forwards only under a lease, so there is one.
                let Some(leased) = leased else {
                    return reply::unreachable(to);
                };
                guard::renew_behind(&leased, &known, env, ctx);
                sends += 1;
                let sent = now();
                // Whatever must not be sent twice is counted like a write.
                let counted = (!facts.repeatable).then_some((ctx, &known));
                let outcome =
                    forward::send(request, url, lane.origin(to), config.forward_max, counted).await?;
                if counted.is_some() {
                    guard::answered(&known, env, ctx);
                }
                let failed = outcome.is_failure(on_failure);
                // By the share: the writer is another side, and answers what the target does not.
                if facts.prefers_target && to == Side::Target {
                    note_target(&known, failed || matches!(outcome, Outcome::TimedOut));
                    if failed && facts.repeatable && sends < MAX_SENDS {
                        failed_at_target = true;
                        outcome.discard();
                        continue;
                    }
                }
                let account = Account {
                    side: to,
                    record: &leased.record,
                    held: holding.held,
                    pin: pin(&leased.record, facts.is_write),
                };
                if failed && facts.repeatable && sends < MAX_SENDS {
                    let tried = (to, leased.record.epoch);
                    match read_lane_after_failure(tried, on_failure, sent, &known, env).await {
                        AfterFailure::GiveBack => return finish(&outcome, &account),
                        AfterFailure::RetryAt(_) => outcome.discard(),
                        AfterFailure::Wait => {
                            outcome.discard();
                            if let Err(why) = holding.wait(&known, env, ctx, config).await {
                                return reply::gave_up(why);
                            }
                            facts.renewal_failed = false;
                        }
                    }
                } else {
                    return finish(&outcome, &account);
                }
            }
        }
    }
}

/// Keeps the outcome of a read of the target's share: a target that fails is left alone for a while.
fn note_target(lane: &KnownLane, failed: bool) {
    let mut breaker = lane.target_breaker.get();
    if failed {
        breaker.failed(now());
    } else {
        breaker.answered();
    }
    lane.target_breaker.set(breaker);
}

/// Whether the read goes to the target by its share. Costs nothing while there is no share.
fn prefers_target(record: &LaneRecord, lane: &Lane, known: &KnownLane, parts: &Parts<'_>) -> bool {
    let Some(share) = record.read_share(now()) else {
        return false;
    };
    let pinned = Lookup::Cookie(headers::PIN_COOKIE.to_owned())
        .first(parts)
        .is_some();
    let key = || lane.reads.key_of(parts);
    let belongs = !pinned && key().is_some_and(|key| lane.reads.prefer_target(&record.lane, share, &key));
    // Asked last: a breaker that is half open admits one request only.
    belongs && {
        let mut breaker = known.target_breaker.get();
        let admitted = breaker.admits(now());
        known.target_breaker.set(breaker);
        admitted
    }
}

/// For how long the reads of a client that has written belong to the writer.
fn pin(record: &LaneRecord, is_write: bool) -> Option<Millis> {
    let reads = record.shared_reads().filter(|_| is_write)?;
    Some(reads.pin_ms)
}

/// Reads the lane to see whether a cutover explains a failed read.
async fn read_lane_after_failure(
    tried: (Side, Epoch),
    on_failure: OnFailure,
    sent: UnixMillis,
    lane: &KnownLane,
    env: &Env,
) -> AfterFailure {
    match lane.seen_since(env, sent).await {
        Ok(fresh) => after_failed_read(tried.0, tried.1, &fresh.record, now()),
        Err(_) => match on_failure {
            OnFailure::Return => AfterFailure::GiveBack,
            OnFailure::WaitAndRetry => AfterFailure::Wait,
        },
    }
}

fn finish(outcome: &Outcome, account: &Account<'_>) -> Result<Response> {
    match outcome {
        Outcome::Answered(response) => forward::answer(response, account),
        Outcome::Unreachable => reply::unreachable(account.side),
        Outcome::TimedOut => reply::timed_out(account.side),
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
        lane: &Rc<KnownLane>,
        env: &Env,
        ctx: &Context,
        config: &Config,
    ) -> std::result::Result<(), hold::GaveUp> {
        let began = now();
        let until = *self.until.get_or_insert(began + config.hold_max);
        let leased: LeasedLane = hold::wait(lane, env, until).await?;
        // Requests that are released together bring equal leases, and one guard is enough for them.
        if !lane.knows_as_good(&leased) {
            lane.learn(leased.clone());
            guard::guard(leased, lane, env, ctx);
        }
        // At least 1: the header states that the request was held, however briefly.
        self.held += now().since(began).max(Millis(1));
        Ok(())
    }
}
