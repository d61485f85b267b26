//! What this isolate knows of one lane: the record to route by with the time until which it is valid, its own writes in
//! flight there, and what it has reported.
//!
//! In an isolate a request cannot wait for another request's I/O, so there is no shared fetch: each request
//! that finds no valid lease asks the lane itself. Every question carries the isolate's report.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use crossover_routing::traffic::Standing;
use crossover_routing::{Breaker, Counts, Ended, LeasedLane, Report, Side, UnixMillis};
use worker::{Env, Result};

use crate::clock::now;
use crate::in_flight::{self, Writes};
use crate::lane_client::LaneClient;
use crate::points;
use crate::turns::LaneTurns;
use crate::underway::Underway;

thread_local! {
    /// Lanes never leave: a lane that no request needs any more costs a few hundred bytes until the isolate ends.
    static LANES: RefCell<HashMap<String, Rc<KnownLane>>> = RefCell::default();
}

/// One lane, as this isolate knows it.
#[derive(Default)]
pub struct KnownLane {
    /// The lane's name.
    pub name: String,
    /// Writes in flight.
    pub writes: RefCell<Writes>,
    /// What came of this isolate's requests to the lane.
    pub counts: RefCell<Counts>,
    /// A renewal behind an answer.
    pub renewing: Underway,
    /// A report under the hold.
    pub reporting: Underway,
    /// Reads that belong to the target's share, and fail there.
    pub target_breaker: Cell<Breaker>,
    /// Requests that were held, on their way after the release.
    pub turns: Rc<LaneTurns>,
    /// Numbers of the lane's direct routes: to the source, to the target.
    pub direct_routes: Cell<[Option<u32>; 2]>,
    lease: RefCell<Option<Rc<LeasedLane>>>,
    reported: Cell<Option<Standing>>,
    /// How often the counts were sent.
    told: Cell<u64>,
    /// The counts of which there are points.
    pointed: RefCell<Counts>,
}

/// The lane with this name.
pub fn of(name: &str) -> Rc<KnownLane> {
    LANES.with_borrow_mut(|lanes| {
        if let Some(lane) = lanes.get(name) {
            return Rc::clone(lane);
        }
        let lane = Rc::new(KnownLane {
            name: name.to_owned(),
            ..KnownLane::default()
        });
        lanes.insert(name.to_owned(), Rc::clone(&lane));
        lane
    })
}

impl KnownLane {
    /// The stored lease; it may have expired.
    pub fn current(&self) -> Option<Rc<LeasedLane>> {
        self.lease.borrow().clone()
    }

    /// Stores a lease unless the isolate has a newer one.
    pub fn learn(&self, leased: LeasedLane) {
        let mut known = self.lease.borrow_mut();
        if known.as_ref().is_none_or(|known| leased.supersedes(known)) {
            *known = Some(Rc::new(leased));
        }
    }

    /// Whether the stored lease is of the same record, and less than half used.
    pub fn knows_as_good(&self, leased: &LeasedLane) -> bool {
        self.current().is_some_and(|known| {
            known.record.epoch == leased.record.epoch && !known.is_due_for_renewal(now())
        })
    }

    /// Whether the isolate holds writes now.
    pub fn holds(&self) -> bool {
        self.standing().holds.is_some()
    }

    /// The isolate's report at this time.
    pub fn report(&self) -> Report {
        let holds = self.standing().holds;
        self.writes
            .borrow_mut()
            .report(in_flight::reporter(), holds, now())
    }

    fn standing(&self) -> Standing {
        let answered = self.writes.borrow().answered();
        Standing::of(self.lease.borrow().as_deref(), answered, now())
    }

    /// Whether the lane knows what a drain waits for.
    pub fn is_reported(&self) -> bool {
        self.reported.get() == Some(self.standing())
    }

    /// Counts a direct write from now on; the key ends it.
    pub fn write_sent(&self) -> u32 {
        self.writes.borrow_mut().begin(now()) as u32
    }

    /// A direct write to this side has ended. Whether the lane waits for this news.
    pub fn write_ended(&self, key: u32, side: Side, ended: Ended) -> bool {
        let took = self.writes.borrow_mut().end(key as usize, now());
        self.counts.borrow_mut().forwarded(side, true, ended, took);
        self.holds()
    }

    /// The counts with their number. In a cutover the lane has other work.
    fn counted(&self) -> Option<String> {
        if self
            .current()
            .is_some_and(|leased| !leased.record.phase.is_serving())
        {
            return None;
        }
        let number = self.told.get() + 1;
        self.told.set(number);
        Some(format!("{number}.{}", self.counts.borrow()))
    }

    /// Writes points of what came since the last ones.
    fn point(&self, env: &Env) {
        let counts = self.counts.borrow().clone();
        let before = self.pointed.replace(counts.clone());
        if let Err(error) = points::write(env, &self.name, &counts.since(&before)) {
            worker::console_warn!("lane {}: no data points: {error}", self.name);
        }
    }

    /// Asks the lane, and reports. The lease counts from before the question, because the answer may be as old as
    /// the question.
    pub async fn renew(&self, env: &Env) -> Result<LeasedLane> {
        let (asked, standing, report) = (now(), self.standing(), self.report());
        let counted = self.counted();
        self.point(env);
        let client = LaneClient::new(env, &self.name)?;
        let snapshot = client.record(&report, counted.as_deref()).await?;
        self.reported.set(Some(standing));
        let leased = LeasedLane::new(snapshot.record, asked);
        self.learn(leased.clone());
        Ok(leased)
    }

    /// The lane's record at `since` or later. Asks the lane unless another request has done so meanwhile, so that
    /// a failing origin does not turn every read into a call to the lane.
    pub async fn seen_since(&self, env: &Env, since: UnixMillis) -> Result<Rc<LeasedLane>> {
        match self.current() {
            Some(leased) if leased.leased_from() > since => Ok(leased),
            _ => self.renew(env).await.map(Rc::new),
        }
    }
}

/// One forwarded write; answered, or given up, when dropped.
pub struct Write {
    lane: Rc<KnownLane>,
    key: usize,
}

impl Write {
    /// Counts a write to the lane from now on.
    pub fn forwarded(lane: &Rc<KnownLane>) -> Self {
        let key = lane.writes.borrow_mut().begin(now());
        Self {
            lane: Rc::clone(lane),
            key,
        }
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        self.lane.writes.borrow_mut().end(self.key, now());
    }
}
