//! The lane's write barrier: hears the isolates, and answers a drain as soon as all is quiet.

use std::cell::RefCell;
use std::time::Duration;

use crossover_routing::{
    Barrier, BuildId, IsolateId, LaneRecord, Millis, Phase, Report, Traffic, UnixMillis,
};
use futures::future::select;
use worker::{Delay, Result};

use super::wakers::Wakers;
use crate::clock::now;

/// How long a question waits for quiet. The drain asks again.
const WAIT: Millis = Millis(250);
/// Leases end without a message: how often the lane looks.
const LOOK_EVERY: Millis = Millis(20);

/// The barrier of one instance of the lane.
pub struct LaneBarrier {
    /// Made with the first call: a Durable Object has no time before.
    barrier: RefCell<Option<Barrier>>,
    heard: Wakers,
}

impl LaneBarrier {
    pub fn new() -> Self {
        Self {
            barrier: RefCell::new(None),
            heard: Wakers::default(),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Barrier, UnixMillis) -> T) -> T {
        let now = now();
        work(
            self.barrier.borrow_mut().get_or_insert_with(|| Barrier::new(now)),
            now,
        )
    }

    pub fn hear(&self, report: &Report) {
        self.with(|barrier, now| barrier.hear(report, now));
        self.heard.wake();
    }

    /// The lane has issued a lease; `None` for an isolate that has sent no report.
    pub fn lease(&self, isolate: Option<IsolateId>, until: UnixMillis) {
        self.with(|barrier, _| match isolate {
            Some(isolate) => barrier.lease(isolate, until),
            None => barrier.lease_unknown(until),
        });
    }

    /// How many builds of the Worker serve the lane, and the build if it is one.
    pub fn builds(&self) -> (u32, Option<BuildId>) {
        self.with(|barrier, now| barrier.builds(now))
    }

    /// The lane's traffic now, and the age of the oldest lease.
    pub fn look(&self, record: &LaneRecord) -> (Traffic, Millis) {
        self.with(|barrier, now| (barrier.traffic(record, now), barrier.lease_age(now)))
    }

    /// The lane's traffic. Under the hold the answer waits for quiet, for a short time.
    pub async fn traffic(&self, record: impl Fn() -> Result<LaneRecord>) -> Result<Traffic> {
        let until = now() + WAIT;
        loop {
            let record = record()?;
            let traffic = self.with(|barrier, now| barrier.traffic(&record, now));
            let left = until.since(now());
            let held = matches!(record.phase, Phase::Armed | Phase::Hold) && record.holds_writes(now());
            if !held || traffic.is_quiet() || left == Millis(0) {
                return Ok(traffic);
            }
            let look = Box::pin(Delay::from(Duration::from(left.min(LOOK_EVERY))));
            select(self.heard.next(), look).await;
        }
    }
}
