//! Steps of one client request that is not direct: decide, hold or forward; after a failed read, read the lane again.

use std::rc::Rc;

use crossover_routing::{
    AfterFailure, Decision, Epoch, LeasedLane, Millis, OnFailure, RequestFacts, Side, UnixMillis,
    after_failed_read, decide, shadow_of,
};
use worker::web_sys::{Request, Response};
use worker::{Context, Env, Result};

use crate::clock::now;
use crate::config::Config;
use crate::direct::Route;
use crate::forward::{Account, Outcome};
use crate::known_lane::{self, KnownLane};
use crate::request_parts::Parts;
use crate::shadow::Served;
use crate::turns::Going;
use crate::{facts, forward, guard, headers, hold, known_directory, reply, shadow, target_reads};

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
    let journey = Journey::new(request, url, env, ctx, config);
    journey.served().await
}

/// Serves a read that has failed on its direct way. None: no cutover explains the failure, and it is to be returned.
pub async fn serve_again(
    request: &Request,
    env: &Env,
    ctx: &Context,
    config: &Rc<Config>,
    route: &Route,
    sent: UnixMillis,
) -> Result<Option<Response>> {
    let url = request.url();
    let mut journey = Journey::new(request, &url, env, ctx, config);
    journey.sends = 1;
    let record = route.lane.current().map(|leased| leased.record.clone());
    // Under the same record, another side than the writer's answers by the share only.
    if record.is_some_and(|record| record.epoch == route.epoch && record.writer != route.side) {
        target_reads::note(&route.lane, true);
        journey.failed_at_target = true;
    } else {
        let tried = (route.side, route.epoch);
        match read_lane_after_failure(tried, OnFailure::Return, sent, &route.lane, env).await {
            AfterFailure::GiveBack => return Ok(None),
            AfterFailure::RetryAt(_) => {}
            AfterFailure::Wait => {
                if let Err(why) = journey.wait(&route.lane).await {
                    return reply::gave_up(why).map(Some);
                }
            }
        }
    }
    journey.served().await.map(Some)
}

/// A request on its way.
struct Journey<'a> {
    request: &'a Request,
    url: &'a str,
    env: &'a Env,
    ctx: &'a Context,
    config: &'a Rc<Config>,
    began: UnixMillis,
    facts: RequestFacts,
    sends: u32,
    renewals: u32,
    failed_at_target: bool,
    holding: Holding,
    /// After a hold: held until the request is answered.
    turn: Option<Going>,
}

impl<'a> Journey<'a> {
    fn new(
        request: &'a Request,
        url: &'a str,
        env: &'a Env,
        ctx: &'a Context,
        config: &'a Rc<Config>,
    ) -> Self {
        Self {
            request,
            url,
            env,
            ctx,
            config,
            began: now(),
            facts: facts::of(request),
            sends: 0,
            renewals: 0,
            failed_at_target: false,
            holding: Holding::default(),
            turn: None,
        }
    }

    async fn served(mut self) -> Result<Response> {
        let (request, url, env, ctx) = (self.request, self.url, self.env, self.ctx);
        let keys = self.config.keys.as_ref().ok();
        let parts = Parts { request, url, keys };
        let asked = headers::asks_for_account(request);
        loop {
            // Looked up in each turn: a request that was held must not go by a directory that was replaced meanwhile.
            let Ok(routes) = known_directory::routes(self.facts.is_write, env, ctx, self.config).await else {
                return reply::no_directory();
            };
            let (name, lane) = match routes.lane_of(&parts) {
                Ok(found) => found,
                Err(why) => return reply::unclear(&why),
            };
            let known = known_lane::of(name);
            let leased = known.current();
            if let Some(leased) = &leased {
                self.facts.prefers_target = !self.failed_at_target
                    && !self.facts.is_write
                    && target_reads::go_there(&leased.record, lane, &known, &parts);
            }
            match decide(leased.as_deref(), &self.facts, now()) {
                Decision::RefreshLease => {
                    self.renewals += 1;
                    let renewed = known.renew(env).await;
                    self.facts.renewal_failed = renewed.is_err() || self.renewals >= MAX_RENEWALS;
                    if let Ok(leased) = renewed {
                        guard::guard(leased, &known, env, ctx);
                    }
                }
                Decision::Refuse(why) => {
                    known.counts.borrow_mut().refuses_one();
                    return reply::refused(why);
                }
                Decision::Hold => {
                    if let Err(why) = self.wait(&known).await {
                        return reply::gave_up(why);
                    }
                }
                Decision::Forward { to, on_failure } => {
                    // decide() forwards only under a lease, so there is one.
                    let Some(leased) = leased else {
                        return reply::unreachable(to);
                    };
                    let was_held = self.holding.held > Millis(0);
                    if self.turn.is_none() && (was_held || known.turns.any_waits()) {
                        let usual = known.writes.borrow_mut().usual(now());
                        let turn = known.turns.wait(leased.record.epoch, usual, self.config.turn_max);
                        self.turn = Some(turn.await);
                        // The lane may have changed meanwhile.
                        continue;
                    }
                    guard::renew_behind(&leased, &known, env, ctx);
                    self.sends += 1;
                    let sent = now();
                    // Whatever must not be sent twice is counted like a write.
                    let counted = (!self.facts.repeatable).then_some((ctx, &known));
                    let outcome = forward::send(request, url, lane.origin(to), self.config, counted).await?;
                    let took = now().since(sent);
                    known
                        .counts
                        .borrow_mut()
                        .forwarded(to, self.facts.is_write, outcome.ended(), took);
                    if counted.is_some() {
                        guard::answered(&known, env, ctx);
                    }
                    let failed = outcome.is_failure(on_failure);
                    // By the share: the writer is another side, and answers what the target does not.
                    if self.facts.prefers_target && to == Side::Target {
                        target_reads::note(&known, failed || matches!(outcome, Outcome::TimedOut));
                        if failed && self.may_send_again() {
                            self.failed_at_target = true;
                            outcome.discard();
                            continue;
                        }
                    }
                    if let Outcome::Answered(answer) = &outcome
                        && let Some(other) = shadow_of(&leased.record, &self.facts, to)
                    {
                        let read = Served { request, url, answer };
                        shadow::compare(&read, lane, other, &known, self.config, ctx)?;
                    }
                    let account = Account {
                        asked,
                        side: to,
                        record: &leased.record,
                        held: self.holding.held,
                        at_edge: sent.since(self.began),
                        at_origin: took,
                        pin: target_reads::pin(&leased.record, self.facts.is_write),
                    };
                    if failed && self.may_send_again() {
                        let tried = (to, leased.record.epoch);
                        match read_lane_after_failure(tried, on_failure, sent, &known, env).await {
                            AfterFailure::GiveBack => return finish(outcome, &account),
                            AfterFailure::RetryAt(_) => outcome.discard(),
                            AfterFailure::Wait => {
                                outcome.discard();
                                if let Err(why) = self.wait(&known).await {
                                    return reply::gave_up(why);
                                }
                            }
                        }
                    } else {
                        return finish(outcome, &account);
                    }
                }
            }
        }
    }

    const fn may_send_again(&self) -> bool {
        self.facts.repeatable && self.sends < MAX_SENDS
    }

    /// Waits for the lane to serve.
    async fn wait(&mut self, lane: &Rc<KnownLane>) -> std::result::Result<(), hold::GaveUp> {
        // Whoever waits is not under way.
        self.turn = None;
        self.holding.wait(lane, self.env, self.ctx, self.config).await?;
        self.facts.renewal_failed = false;
        Ok(())
    }
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

fn finish(outcome: Outcome, account: &Account<'_>) -> Result<Response> {
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
        if self.until.is_none() {
            lane.counts.borrow_mut().holds_one();
        }
        let until = *self.until.get_or_insert(began + config.hold_max);
        let leased: LeasedLane = hold::wait(lane, env, until)
            .await
            .inspect_err(|_| lane.counts.borrow_mut().refuses_one())?;
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
