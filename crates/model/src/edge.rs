//! An isolate of the edge: its lease, its guard, its reports; and one client's write through it.

use std::sync::Arc;

use crossover_routing::{
    Decision, IsolateId, LeasedLane, Millis, Report, RequestFacts, UnixMillis, WriteTimes, decide,
    traffic::{Standing, may_lapse, report_due},
};

use crate::state::{Instance, Place, State, Told};

/// A question to the lane under way, which carries a report.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    pub at: UnixMillis,
    pub report: Report,
    standing: Standing,
}

/// One isolate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Isolate {
    pub lease: Option<Arc<LeasedLane>>,
    pub asked: Option<Asked>,
    reports: u64,
    answered: u64,
    reported: Option<Standing>,
}

impl Isolate {
    fn standing(&self, now: UnixMillis) -> Standing {
        Standing::of(self.lease.as_deref(), self.answered, now)
    }

    /// What the guard of the edge-router does: under the hold it reports until the lane knows the newest state, before that it
    /// renews a lease shortly before its end while a write is in flight.
    pub fn owes_report(&self, in_flight: u32, now: UnixMillis) -> bool {
        let Some(leased) = self.lease.as_ref().filter(|_| self.asked.is_none()) else {
            return false;
        };
        let standing = self.standing(now);
        if standing.holds.is_none() {
            return now >= report_due(leased) && !may_lapse(leased, in_flight > 0);
        }
        let has_guard = in_flight > 0
            || leased
                .record
                .hold_at_ms
                .is_some_and(|hold_at| hold_at < leased.leased_until);
        match self.reported {
            Some(reported) if reported == standing => false,
            Some(reported) => has_guard || reported.answered != standing.answered,
            None => has_guard,
        }
    }

    /// Asks the lane. One question at a time.
    pub fn ask(&mut self, isolate: usize, in_flight: u32, now: UnixMillis) {
        self.reports += 1;
        let standing = self.standing(now);
        self.asked = Some(Asked {
            at: now,
            standing,
            report: Report {
                isolate: IsolateId(isolate as u64),
                number: self.reports,
                in_flight,
                oldest_ms: Millis(0),
                holds: standing.holds,
                recent: WriteTimes::default(),
                recent_over: Millis(0),
                build: None,
            },
        });
    }

    /// The lane needs no report any more; a question that a write waits for is asked on.
    pub fn forget_reports(&mut self, write_waits: bool) {
        self.asked = self.asked.take().filter(|_| write_waits);
        self.reports = 0;
        self.answered = 0;
        self.reported = None;
        if let Some(asked) = &mut self.asked {
            asked.report.number = 0;
            asked.standing.answered = 0;
        }
    }

    fn learn(&mut self, leased: LeasedLane) {
        if self.lease.as_ref().is_none_or(|known| leased.supersedes(known)) {
            self.lease = Some(Arc::new(leased));
        }
    }
}

impl Instance {
    /// The instance takes a report and issues a lease.
    fn hear(&mut self, report: &Report, now: UnixMillis) {
        let barrier = Arc::make_mut(&mut self.barrier);
        barrier.hear(report, now);
        barrier.lease(report.isolate, now + self.record.lease_ttl());
    }
}

impl State {
    /// A question of an isolate arrives; its answer too, unless it is lost.
    pub fn hear(&mut self, isolate: usize, by_zombie: bool, answered: bool) -> bool {
        let Some(asked) = self.isolates[isolate].asked.take() else {
            return false;
        };
        let Some(instance) = self.instance(by_zombie) else {
            return false;
        };
        let record = {
            let (instance, now) = instance;
            instance.hear(&asked.report, now);
            Arc::clone(&instance.record)
        };
        if answered {
            let isolate = &mut self.isolates[isolate];
            isolate.reported = Some(asked.standing);
            isolate.learn(LeasedLane::new(record.as_ref().clone(), asked.at));
        }
        true
    }

    /// The instance that answers. A zombie that would have to write ends instead: its storage refuses.
    pub fn instance(&mut self, zombie: bool) -> Option<(&mut Instance, UnixMillis)> {
        let now = self.now;
        if !zombie {
            self.enforce_deadline();
            return Some((&mut self.lane, now));
        }
        let past = |instance: &Instance| {
            let deadline = instance.record.hold_deadline_ms;
            deadline.is_some_and(|deadline| now >= deadline) && !instance.record.phase.is_serving()
        };
        self.zombie = self.zombie.take().filter(|zombie| !past(zombie));
        self.zombie.as_mut().map(|zombie| (zombie, now))
    }

    /// The isolate decides about a client's write.
    pub fn arrive(&mut self, write: usize) -> bool {
        let facts = RequestFacts {
            is_write: true,
            repeatable: false,
            renewal_failed: false,
            prefers_target: false,
            keyed: true,
            dice: 0,
        };
        let (now, in_flight) = (self.now, self.in_flight(write));
        let isolate = &mut self.isolates[write];
        self.writes[write].place = match decide(isolate.lease.as_deref(), &facts, now) {
            Decision::Forward { to, .. } => Place::Api(to),
            Decision::Hold => Place::Held,
            Decision::RefreshLease if isolate.asked.is_none() => {
                isolate.ask(write, in_flight, now);
                return true;
            }
            Decision::RefreshLease | Decision::Refuse(_) => return false,
        };
        if self.writes[write].in_flight() {
            // Behind the answer of a request a lease that is more than half used is renewed.
            let in_flight = self.in_flight(write);
            let isolate = &mut self.isolates[write];
            let due = isolate
                .lease
                .as_ref()
                .is_some_and(|leased| leased.is_due_for_renewal(now));
            if due && isolate.asked.is_none() {
                isolate.ask(write, in_flight, now);
            }
        }
        true
    }

    /// A held write learns that the lane serves, with a lease, and is decided about again.
    pub fn release(&mut self, write: usize, by_zombie: bool) -> bool {
        let Some((instance, now)) = self
            .instance(by_zombie)
            .filter(|(it, _)| it.record.phase.is_serving())
        else {
            return false;
        };
        let until = now + instance.record.lease_ttl();
        let leased = LeasedLane::new(instance.record.as_ref().clone(), now);
        Arc::make_mut(&mut instance.barrier).lease(IsolateId(write as u64), until);
        self.isolates[write].learn(leased);
        self.writes[write].place = Place::Client;
        true
    }

    /// The isolate learns how a write ended.
    pub fn answer(&mut self, write: usize, told: Told) {
        if self.writes[write].told == Told::Nothing {
            self.writes[write].told = told;
            self.isolates[write].answered += 1;
        }
    }
}
