//! Where a request goes, decided from the request and a lease.

use crate::{
    lane::{Epoch, HeldWrites, LaneRecord, Mode, Phase, Side},
    time::UnixMillis,
};

/// A lane record together with the time until which the record is valid.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeasedLane {
    /// The record as the lane answered it.
    pub record: LaneRecord,
    /// The lease's end. The lease counts from before the question to the lane.
    pub leased_until: UnixMillis,
}

impl LeasedLane {
    /// A lease that began at `from`.
    pub fn new(record: LaneRecord, from: UnixMillis) -> Self {
        let leased_until = from + record.lease_ttl();
        Self { record, leased_until }
    }

    /// When the lease began.
    pub fn leased_from(&self) -> UnixMillis {
        self.leased_until - self.record.lease_ttl()
    }

    /// Whether the record is still valid at `now`.
    pub fn is_live(&self, now: UnixMillis) -> bool {
        now < self.leased_until
    }

    /// More than half of the lease is used: time to renew, before a request has to wait for the renewal.
    pub fn is_due_for_renewal(&self, now: UnixMillis) -> bool {
        self.leased_until.since(now).0 < self.record.lease_ttl().0 / 2
    }

    /// Whether this lease replaces `other`: the epoch only grows, and a later answer is valid for longer.
    pub fn supersedes(&self, other: &Self) -> bool {
        (self.record.epoch, self.leased_until) > (other.record.epoch, other.leased_until)
    }
}

/// What the decision depends on, taken from the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestFacts {
    /// True for every request that is not certainly a read.
    pub is_write: bool,
    /// A read without a body: safe to send twice, and no body has to be kept.
    pub repeatable: bool,
    /// The lane could not be reached when this request tried to renew the lease.
    pub renewal_failed: bool,
    /// A read that belongs to the target at the lane's share of reads ([`crate::reads`]).
    pub prefers_target: bool,
    /// The client has named the request, so that the application can tell it from a second one: `idempotency-key`.
    pub keyed: bool,
    /// A number from 0 to 9,999 drawn for this request: for a lane that sheds a share of its requests.
    pub dice: u16,
}

/// What to do when the origin cannot be reached or answers 502, 503 or 504.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Return the failure to the client.
    Return,
    /// A cutover is announced or under way: wait for its end, then ask the side in charge.
    WaitAndRetry,
}

/// Why a lane refuses a request. The client may send it again: it was not executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    ReadOnly,
    Shed,
    /// The cutover holds only writes with a key.
    NoKey,
}

/// Where the request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Forward {
        to: Side,
        on_failure: OnFailure,
    },
    /// Not executed, by the lane's [`Mode`] or because the cutover does not hold it.
    Refuse(Refused),
    /// Wait at the lane until it serves again.
    Hold,
    /// Ask the lane, then decide again.
    RefreshLease,
}

/// Decides for one request at `now`.
///
/// A write is forwarded only under a valid lease; without one the write is held. A read whose lease cannot be
/// renewed goes on with the last known writer.
///
/// Under the hold reads wait as well: the drain ends the sessions of readers within milliseconds, and a read
/// that is not sent cannot fail.
pub fn decide(lane: Option<&LeasedLane>, facts: &RequestFacts, now: UnixMillis) -> Decision {
    let Some(leased) = lane else {
        return if facts.renewal_failed {
            Decision::Hold
        } else {
            Decision::RefreshLease
        };
    };
    let record = &leased.record;
    if !leased.is_live(now) {
        return match (facts.renewal_failed, facts.is_write) {
            (false, _) => Decision::RefreshLease,
            (true, true) => held(record, *facts),
            // What is known may be old: only the writer has certainly every write that the client has seen.
            (true, false) => read(record, *facts, OnFailure::WaitAndRetry),
        };
    }
    match record.mode {
        Mode::ReadOnly if facts.is_write => return Decision::Refuse(Refused::ReadOnly),
        Mode::Shed(share) if share.takes(facts.dice) => return Decision::Refuse(Refused::Shed),
        Mode::Normal | Mode::ReadOnly | Mode::Shed(_) => {}
    }
    if record.holds_writes(now) {
        return held(record, *facts);
    }
    if facts.is_write {
        return Decision::Forward {
            to: record.writer,
            on_failure: OnFailure::Return,
        };
    }
    // A read that is still under way when the drain ends its session waits for the end of the cutover.
    let on_failure = if record.phase.is_serving() {
        OnFailure::Return
    } else {
        OnFailure::WaitAndRetry
    };
    if facts.prefers_target && record.read_share(now).is_some() {
        return Decision::Forward {
            to: Side::Target,
            on_failure: OnFailure::Return,
        };
    }
    read(record, *facts, on_failure)
}

/// The side that gets a copy of a request, to compare its answer: for a share of the reads that may be sent twice, where the writer
/// answers them.
pub fn shadow_of(record: &LaneRecord, facts: &RequestFacts, answers: Side) -> Option<Side> {
    let share = record.shadowed_reads()?;
    let is_copied = facts.repeatable && answers == record.writer && share.takes_high(facts.dice);
    is_copied.then(|| answers.other())
}

/// The side of a request that may be forwarded as it is: nothing is due and nothing is announced. `None`: the request takes the
/// longer way.
pub fn direct(leased: &LeasedLane, facts: &RequestFacts, now: UnixMillis) -> Option<Side> {
    let record = &leased.record;
    let renewal_is_due = leased.is_due_for_renewal(now);
    // Nothing is drawn for a direct request.
    let shadowed = !facts.is_write && record.shadowed_reads().is_some();
    let draws = shadowed || matches!(record.mode, Mode::Shed(_));
    if renewal_is_due || draws || !record.phase.is_serving() {
        return None;
    }
    match decide(Some(leased), facts, now) {
        Decision::Forward {
            to,
            on_failure: OnFailure::Return,
        } => Some(to),
        Decision::Forward { .. } | Decision::Refuse(_) | Decision::Hold | Decision::RefreshLease => None,
    }
}

/// A request under the hold.
const fn held(record: &LaneRecord, facts: RequestFacts) -> Decision {
    match record.hold {
        HeldWrites::Keyed if facts.is_write && !facts.keyed => Decision::Refuse(Refused::NoKey),
        HeldWrites::Keyed | HeldWrites::All => Decision::Hold,
    }
}

/// A read at the writer.
fn read(record: &LaneRecord, facts: RequestFacts, on_failure: OnFailure) -> Decision {
    match record.phase {
        // The new writer is not open yet, and the old one may already lack committed writes.
        Phase::Committed => Decision::Hold,
        Phase::ServeSource | Phase::Armed | Phase::Hold | Phase::Aborting | Phase::ServeTarget => {
            let on_failure = if facts.repeatable {
                on_failure
            } else {
                OnFailure::Return
            };
            Decision::Forward {
                to: record.writer,
                on_failure,
            }
        }
    }
}

/// The next step for a repeatable read that failed at a side, decided from the lane's current record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// No cutover explains the failure: return the failure to the client.
    GiveBack,
    /// A cutover is under way: wait for its end.
    Wait,
    /// The lane has changed since the read was sent, and the cause of the failure may be over.
    RetryAt(Side),
}

/// Decides about a repeatable read that failed at `tried`, sent under a record of epoch `under`, with the
/// lane's `fresh` record.
///
/// The same writer under a newer epoch counts as a change: an abort may have locked and unlocked it
/// meanwhile.
pub fn after_failed_read(tried: Side, under: Epoch, fresh: &LaneRecord, now: UnixMillis) -> AfterFailure {
    if fresh.holds_writes(now) {
        AfterFailure::Wait
    } else if fresh.writer == tried && fresh.epoch <= under {
        AfterFailure::GiveBack
    } else {
        AfterFailure::RetryAt(fresh.writer)
    }
}

#[cfg(test)]
mod tests;
