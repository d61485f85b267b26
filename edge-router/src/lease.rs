//! The isolate's lease on the lane: the record to route by, and the time until which the record is valid.
//!
//! In an isolate a request cannot wait for another request's I/O, so there is no shared fetch: each request
//! that finds no valid lease asks the lane itself. Every question carries the isolate's report.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crossover_routing::{LeasedLane, Report, UnixMillis};
use worker::{Env, Result};

use crate::clock::now;
use crate::config::Config;
use crate::in_flight;
use crate::lane_client::LaneClient;

thread_local! {
    static LEASE: RefCell<Option<Rc<LeasedLane>>> = const { RefCell::new(None) };
    static REPORTED: Cell<Option<Standing>> = const { Cell::new(None) };
}

/// What a drain waits for in the reports of an isolate.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Standing {
    holds: bool,
    answered: u64,
}

/// The stored lease; it may have expired.
pub fn current() -> Option<Rc<LeasedLane>> {
    LEASE.with_borrow(Clone::clone)
}

/// Stores a lease unless the isolate has a newer one.
pub fn learn(leased: LeasedLane) {
    LEASE.with_borrow_mut(|known| {
        if known.as_ref().is_none_or(|known| leased.supersedes(known)) {
            *known = Some(Rc::new(leased));
        }
    });
}

/// Whether the stored lease is of the same record, and less than half used.
pub fn is_as_good(leased: &LeasedLane) -> bool {
    current()
        .is_some_and(|known| known.record.epoch == leased.record.epoch && !known.is_due_for_renewal(now()))
}

/// Whether the isolate holds writes now.
pub fn holds() -> bool {
    current().is_some_and(|leased| leased.record.holds_writes(now()))
}

/// The isolate's report at this time.
pub fn report() -> Report {
    let held = current().filter(|leased| leased.record.holds_writes(now()));
    in_flight::report(held.map(|leased| leased.record.epoch))
}

fn standing() -> Standing {
    Standing {
        holds: holds(),
        answered: in_flight::answered(),
    }
}

/// Whether the lane knows what a drain waits for.
pub fn is_reported() -> bool {
    REPORTED.get() == Some(standing())
}

/// Asks the lane, and reports. The lease counts from before the question, because the answer may be as old as
/// the question.
pub async fn renew(env: &Env, config: &Config) -> Result<LeasedLane> {
    let (asked, standing, report) = (now(), standing(), report());
    let snapshot = LaneClient::new(env, &config.lane)?.record(&report).await?;
    REPORTED.set(Some(standing));
    let leased = LeasedLane::new(snapshot.record, asked);
    learn(leased.clone());
    Ok(leased)
}

/// The lane's record at `since` or later. Asks the lane unless another request has done so meanwhile, so that
/// a failing origin does not turn every read into a call to the lane.
pub async fn seen_since(env: &Env, config: &Config, since: UnixMillis) -> Result<Rc<LeasedLane>> {
    match current() {
        Some(leased) if leased.leased_from() > since => Ok(leased),
        _ => renew(env, config).await.map(Rc::new),
    }
}
