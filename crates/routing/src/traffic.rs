//! The write barrier: what a lane knows of the writes that its isolates have forwarded.
//!
//! An isolate sends a [`Report`] with every renewal of its lease: the writes in flight, and whether it has
//! begun to hold. The lane keeps the newest report of each isolate ([`Barrier`]) and so can prove that no
//! write from before the hold is still under way ([`Traffic::is_quiet`]).
//!
//! - A report holds all writes of its isolate, so a lost or late report hides nothing: the next one contains
//!   what it contained.
//! - Whoever may forward has a lease, and the lane has issued it. Until an isolate has reported that it holds,
//!   it counts as open.
//! - An isolate whose lease ends while writes are in flight reports shortly before ([`REPORT_LEAD`]). One that
//!   lets its lease end in silence has none, unless a write came after it has looked: the report of such a write has
//!   arrived [`REPORT_LEAD`] after the end of the lease.

mod build;
mod write_times;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Serialize};

pub use build::BuildId;
pub use write_times::WriteTimes;

use crate::{
    decide::LeasedLane,
    lane::{Epoch, LaneRecord, Phase, SERVE_LEASE},
    time::{Millis, UnixMillis},
};

/// How long before the end of its lease an isolate with writes in flight reports. A report may take this long
/// to arrive.
pub const REPORT_LEAD: Millis = Millis(250);
/// An isolate that was not heard for this long has ended. Cloudflare answers for an origin after 100 s.
const FORGET_AFTER: Millis = Millis(120_000);
/// Write times of isolates that were heard within this time count as recent.
const RECENT: Millis = Millis(35_000);

/// When an isolate has to look again at what it owes the lane: at the hold, or shortly before its lease ends.
pub fn report_due(leased: &LeasedLane) -> UnixMillis {
    match leased.record.hold_at_ms {
        Some(hold_at) if hold_at < leased.leased_until => hold_at,
        _ => leased.leased_until - REPORT_LEAD,
    }
}

/// What a drain waits for in the reports of an isolate. Where the lane has it as it is now, there is nothing to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Standing {
    /// The epoch of the record under which the isolate holds writes: the hold of another run is news.
    pub holds: Option<Epoch>,
    /// Grows whenever a write is answered.
    pub answered: u64,
}

impl Standing {
    /// The standing of an isolate that has this lease, which may have ended.
    pub fn of(lease: Option<&LeasedLane>, answered: u64, now: UnixMillis) -> Self {
        let held = lease.filter(|leased| leased.record.holds_writes(now));
        Self {
            holds: held.map(|leased| leased.record.epoch),
            answered,
        }
    }
}

/// Whether a lease may end without a report: no write is in flight under it, and it ends so early before the hold that the
/// barrier does not wait for it. Renewed, it reaches into the hold, and the isolate reports at once when that begins.
pub fn may_lapse(leased: &LeasedLane, any_in_flight: bool) -> bool {
    let waited_for = |hold_at| leased.leased_until + REPORT_LEAD > hold_at;
    !any_in_flight && !leased.record.hold_at_ms.is_some_and(waited_for)
}

/// One isolate, as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsolateId(pub u64);

/// The writes of one isolate at one time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Report {
    pub isolate: IsolateId,
    /// Grows with every report of the isolate.
    pub number: u64,
    /// Writes that were forwarded and are not answered yet.
    pub in_flight: u32,
    /// Age of the oldest of them.
    pub oldest_ms: Millis,
    /// The epoch of the lane record under which the isolate holds writes. It forwards none until it learns a
    /// newer record.
    pub holds: Option<Epoch>,
    /// How long the writes of about the last 30 s took.
    pub recent: WriteTimes,
    /// The time in which they were answered.
    pub recent_over: Millis,
    /// What the isolate runs; a report of an older Worker does not say.
    pub build: Option<BuildId>,
}

/// One line for a URL: numbers separated by `.`, `-` for no epoch; the build last.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = self
            .holds
            .map_or_else(|| "-".to_owned(), |epoch| epoch.to_string());
        write!(
            f,
            "{}.{}.{}.{}.{holds}.{}.{}",
            self.isolate.0, self.number, self.in_flight, self.oldest_ms, self.recent, self.recent_over
        )?;
        self.build.map_or(Ok(()), |build| write!(f, ".{build}"))
    }
}

/// The text is not a report of this version of the Worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a report of an isolate")]
pub struct BadReport;

impl FromStr for Report {
    type Err = BadReport;

    fn from_str(text: &str) -> Result<Self, BadReport> {
        let mut parts = text.splitn(8, '.');
        let mut next = || parts.next().ok_or(BadReport);
        let number = |text: &str| text.parse::<u64>().map_err(|_| BadReport);
        Ok(Self {
            isolate: IsolateId(number(next()?)?),
            number: number(next()?)?,
            in_flight: next()?.parse().map_err(|_| BadReport)?,
            oldest_ms: Millis(number(next()?)?),
            holds: match next()? {
                "-" => None,
                epoch => Some(Epoch(number(epoch)?)),
            },
            recent: next()?.parse()?,
            recent_over: Millis(number(next()?)?),
            build: parts.next().map(str::parse).transpose()?,
        })
    }
}

/// The writes of a lane at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traffic {
    /// Isolates with a valid lease.
    pub isolates: u32,
    /// Isolates that may still forward writes, or have not reported since the hold began.
    pub open: u32,
    /// Writes that were forwarded and are not answered yet, by the newest reports.
    pub in_flight: u32,
    /// Age of the oldest of them, if it has not been answered since its isolate reported it.
    pub oldest_ms: Millis,
    /// Its age when its isolate reported it. While a side serves, reports are seconds apart, and a write of the last
    /// report was probably answered long ago.
    #[serde(default)]
    pub reported_oldest_ms: Millis,
    /// Writes answered within about the last 30 s.
    pub recent_writes: u64,
    /// How many writes were answered in a second, over that time.
    #[serde(default)]
    pub writes_per_s: u64,
    /// 95 of 100 of them took at most this long.
    pub recent_p95_ms: Option<Millis>,
    /// How many requests the edge holds at once; one more gets a 503. `None` for a Worker that does not say.
    #[serde(default)]
    pub held_max: Option<u64>,
    /// How many builds of the Worker serve the lane; more than one during a deployment.
    #[serde(default)]
    pub builds: u32,
    /// The build, if there is one.
    #[serde(default)]
    pub build: Option<BuildId>,
}

impl Traffic {
    /// No write that was forwarded before the hold is in flight, and none can follow.
    pub const fn is_quiet(&self) -> bool {
        self.open == 0 && self.in_flight == 0
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_flight > 0 {
            write!(
                f,
                "{} write(s) at the edge without an answer, the oldest for {} ms",
                self.in_flight, self.oldest_ms
            )?;
        }
        if self.open > 0 {
            let and = if self.in_flight > 0 { ", and " } else { "" };
            write!(f, "{and}{} isolate(s) of the edge have not reported", self.open)?;
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Isolate {
    number: u64,
    in_flight: u32,
    /// By the lane's clock.
    oldest_at: UnixMillis,
    reported_oldest: Millis,
    holds: Option<Epoch>,
    leased_until: UnixMillis,
    heard_at: UnixMillis,
    recent: WriteTimes,
    recent_over: Millis,
    build: Option<BuildId>,
}

/// All isolates of a lane. Kept in memory only: an isolate that still matters reports again within a lease.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Barrier {
    /// Until then an isolate that the lane does not know may have a lease.
    unknown_until: UnixMillis,
    /// Until then an isolate whose report this lane does not read has a lease.
    unread_until: UnixMillis,
    isolates: BTreeMap<IsolateId, Isolate>,
}

impl Barrier {
    /// A lane that has heard of no isolate before `since`. An earlier instance of it may have issued leases, and writes may be
    /// forwarded under them until they end.
    pub fn new(since: UnixMillis) -> Self {
        Self {
            unknown_until: since + SERVE_LEASE + REPORT_LEAD,
            unread_until: UnixMillis(0),
            isolates: BTreeMap::new(),
        }
    }

    /// Takes a report. An older report than the newest of its isolate changes nothing.
    pub fn hear(&mut self, report: &Report, now: UnixMillis) {
        self.isolates
            .retain(|_, known| now.since(known.heard_at) < FORGET_AFTER);
        let known = self.isolates.entry(report.isolate).or_insert(Isolate {
            number: 0,
            in_flight: 0,
            oldest_at: now,
            reported_oldest: Millis(0),
            holds: None,
            leased_until: UnixMillis(0),
            heard_at: now,
            recent: WriteTimes::default(),
            recent_over: Millis(0),
            build: report.build,
        });
        known.heard_at = known.heard_at.max(now);
        if report.number > known.number {
            known.number = report.number;
            known.in_flight = report.in_flight;
            known.oldest_at = UnixMillis(now.0.saturating_sub(report.oldest_ms.0));
            known.reported_oldest = report.oldest_ms;
            known.holds = report.holds;
            known.recent = report.recent;
            known.recent_over = report.recent_over;
        }
    }

    /// The lane has issued a lease that is valid until `until` by the lane's clock.
    pub fn lease(&mut self, isolate: IsolateId, until: UnixMillis) {
        if let Some(known) = self.isolates.get_mut(&isolate) {
            known.leased_until = known.leased_until.max(until);
        }
    }

    /// The lane has issued a lease to an isolate that does not report, as one of another version of the Worker.
    pub fn lease_unknown(&mut self, until: UnixMillis) {
        self.unknown_until = self.unknown_until.max(until);
        self.unread_until = self.unread_until.max(until);
    }

    /// How many builds of the Worker have a lease at `now`, and the build if it is one. With two of them each side of a rule could be
    /// decided by another version of it.
    pub fn builds(&self, now: UnixMillis) -> (u32, Option<BuildId>) {
        let leased = self
            .isolates
            .values()
            .filter(|isolate| now < isolate.leased_until);
        let builds: BTreeSet<Option<BuildId>> = leased.map(|isolate| isolate.build).collect();
        let number = count(builds.iter()) + u32::from(now < self.unread_until);
        let only = if number == 1 {
            builds.first().copied().flatten()
        } else {
            None
        };
        (number, only)
    }

    /// Age of the oldest lease that is still valid at `now`.
    pub fn lease_age(&self, now: UnixMillis) -> Millis {
        let leased = self
            .isolates
            .values()
            .filter(|isolate| now < isolate.leased_until);
        let ages = leased.map(|isolate| now.since(isolate.heard_at));
        ages.max().unwrap_or_default()
    }

    /// The lane's traffic at `now`.
    pub fn traffic(&self, record: &LaneRecord, now: UnixMillis) -> Traffic {
        let known = || self.isolates.values();
        let heard = || known().filter(|isolate| now.since(isolate.heard_at) < RECENT);
        let recent = heard().fold(WriteTimes::default(), |sum, isolate| sum + isolate.recent);
        let busy = || known().filter(|isolate| isolate.in_flight > 0);
        let unknown = now < self.unknown_until;
        let (builds, build) = self.builds(now);
        Traffic {
            isolates: count(known().filter(|isolate| now < isolate.leased_until)),
            open: count(known().filter(|isolate| isolate.is_open(record, now))) + u32::from(unknown),
            in_flight: busy()
                .map(|isolate| isolate.in_flight)
                .fold(0, u32::saturating_add),
            oldest_ms: busy()
                .map(|isolate| now.since(isolate.oldest_at))
                .max()
                .unwrap_or_default(),
            reported_oldest_ms: busy()
                .map(|isolate| isolate.reported_oldest)
                .max()
                .unwrap_or_default(),
            recent_writes: recent.count(),
            writes_per_s: heard().map(Isolate::writes_per_s).sum(),
            recent_p95_ms: recent.p95(),
            held_max: None,
            builds,
            build,
        }
    }
}

impl Isolate {
    /// An isolate that has just begun counts as one second old: its first writes are no rate.
    fn writes_per_s(&self) -> u64 {
        let over = self.recent_over.max(Millis(1_000));
        (self.recent.count() * 1_000).div_ceil(over.0)
    }

    fn is_open(&self, record: &LaneRecord, now: UnixMillis) -> bool {
        // The hold always follows the arm command directly.
        let armed = match record.phase {
            Phase::Armed => Some(record.epoch),
            Phase::Hold => Some(Epoch(record.epoch.0.saturating_sub(1))),
            Phase::ServeSource | Phase::ServeTarget | Phase::Committed | Phase::Aborting => None,
        };
        let Some(armed) = armed else {
            return now < self.leased_until;
        };
        if self.holds >= Some(armed) {
            return false;
        }
        // A write may be forwarded until the lease ends, and the report of it has to arrive. That counts for a lease that
        // ends before the hold as well: the last write under it may be younger than its report needs.
        now < self.leased_until + REPORT_LEAD
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    items.fold(0, |sum: u32, _| sum.saturating_add(1))
}

#[cfg(test)]
mod tests;
