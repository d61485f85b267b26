//! Where a request goes, decided from the request and a lease.

use crate::{
    lane::{Epoch, LaneRecord, Mode, Phase, Side},
    time::UnixMillis,
};

/// A lane record together with the time until which the record is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// Where the request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Forward {
        to: Side,
        on_failure: OnFailure,
    },
    /// Not executed, by the lane's [`Mode`].
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
            (true, true) => Decision::Hold,
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
        return Decision::Hold;
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
mod tests {
    use super::*;
    use crate::{lane::Command, reads::TargetReads, time::Millis};

    const NOW: UnixMillis = UnixMillis(1_000_000);
    const WRITE: RequestFacts = RequestFacts {
        is_write: true,
        repeatable: false,
        renewal_failed: false,
        prefers_target: false,
        dice: 9_999,
    };
    const READ: RequestFacts = RequestFacts {
        is_write: false,
        repeatable: true,
        renewal_failed: false,
        prefers_target: false,
        dice: 9_999,
    };

    fn at(phase: Phase) -> LaneRecord {
        let run_id = || "run-1".to_owned();
        let arm = Command::Arm {
            run_id: run_id(),
            towards: Side::Target,
            hold_at_ms: NOW + Millis(5_000),
            hold_deadline_ms: NOW + Millis(15_000),
        };
        let steps: &[(Command, UnixMillis)] = match phase {
            Phase::ServeSource => &[],
            Phase::Armed => &[(arm, NOW)],
            Phase::Hold => &[
                (arm, NOW),
                (Command::Hold { run_id: run_id() }, NOW + Millis(5_000)),
            ],
            Phase::Committed => &[
                (arm, NOW),
                (Command::Hold { run_id: run_id() }, NOW + Millis(5_000)),
                (Command::Commit { run_id: run_id() }, NOW + Millis(5_001)),
            ],
            Phase::Aborting => &[(arm, NOW), (Command::Abort { run_id: run_id() }, NOW)],
            Phase::ServeTarget => &[
                (arm, NOW),
                (Command::Hold { run_id: run_id() }, NOW + Millis(5_000)),
                (Command::Commit { run_id: run_id() }, NOW + Millis(5_001)),
                (Command::Release { run_id: run_id() }, NOW + Millis(5_002)),
            ],
        };
        steps
            .iter()
            .fold(LaneRecord::new("main"), |lane, (command, now)| {
                lane.next(command, *now).unwrap()
            })
    }

    fn decided(phase: Phase, facts: RequestFacts, now: UnixMillis) -> Decision {
        decide(
            Some(&LeasedLane {
                record: at(phase),
                leased_until: UnixMillis::MAX,
            }),
            &facts,
            now,
        )
    }

    fn to(to: Side, on_failure: OnFailure) -> Decision {
        Decision::Forward { to, on_failure }
    }

    #[test]
    fn writes_go_to_the_writer_while_a_side_serves_and_until_hold_at() {
        assert_eq!(
            decided(Phase::ServeSource, WRITE, NOW),
            to(Side::Source, OnFailure::Return)
        );
        assert_eq!(
            decided(Phase::Armed, WRITE, NOW + Millis(4_999)),
            to(Side::Source, OnFailure::Return)
        );
        assert_eq!(
            decided(Phase::ServeTarget, WRITE, NOW),
            to(Side::Target, OnFailure::Return)
        );
    }

    #[test]
    fn writes_are_held_from_hold_at_until_the_release() {
        assert_eq!(decided(Phase::Armed, WRITE, NOW + Millis(5_000)), Decision::Hold);
        for phase in [Phase::Hold, Phase::Committed, Phase::Aborting] {
            assert_eq!(decided(phase, WRITE, NOW), Decision::Hold, "{phase}");
        }
    }

    #[test]
    fn reads_go_to_the_writer_until_hold_at_and_wait_from_then_on() {
        assert_eq!(
            decided(Phase::ServeSource, READ, NOW),
            to(Side::Source, OnFailure::Return)
        );
        // The drain may end the session of a read that is still under way at the hold.
        assert_eq!(
            decided(Phase::Armed, READ, NOW + Millis(4_999)),
            to(Side::Source, OnFailure::WaitAndRetry)
        );
        assert_eq!(decided(Phase::Armed, READ, NOW + Millis(5_000)), Decision::Hold);
        for phase in [Phase::Hold, Phase::Aborting] {
            assert_eq!(decided(phase, READ, NOW), Decision::Hold, "{phase}");
        }
    }

    #[test]
    fn the_targets_share_of_reads_goes_there_only_while_the_source_serves_under_a_live_lease() {
        let facts = RequestFacts {
            prefers_target: true,
            ..READ
        };
        let shared = |phase| LaneRecord {
            target_reads: Some(TargetReads {
                percent: 10.0.try_into().unwrap(),
                pin_ms: Millis(1_000),
                from_ms: NOW,
            }),
            ..at(phase)
        };
        let decided = |phase, facts: &RequestFacts, until| {
            let leased = LeasedLane {
                record: shared(phase),
                leased_until: until,
            };
            decide(Some(&leased), facts, NOW)
        };
        for phase in [Phase::ServeSource, Phase::Armed] {
            assert_eq!(
                decided(phase, &facts, UnixMillis::MAX),
                to(Side::Target, OnFailure::Return),
                "{phase}"
            );
        }
        for phase in [Phase::Hold, Phase::Committed, Phase::Aborting] {
            assert_eq!(decided(phase, &facts, UnixMillis::MAX), Decision::Hold, "{phase}");
        }
        // Without a share, without a live lease, and for a write, the writer answers.
        assert_eq!(
            decide(
                Some(&LeasedLane {
                    record: at(Phase::ServeSource),
                    leased_until: UnixMillis::MAX
                }),
                &facts,
                NOW
            ),
            to(Side::Source, OnFailure::Return)
        );
        let failed = RequestFacts {
            renewal_failed: true,
            ..facts
        };
        assert_eq!(
            decided(Phase::ServeSource, &failed, NOW),
            to(Side::Source, OnFailure::WaitAndRetry)
        );
        let write = RequestFacts {
            prefers_target: true,
            ..WRITE
        };
        assert_eq!(
            decided(Phase::ServeSource, &write, UnixMillis::MAX),
            to(Side::Source, OnFailure::Return)
        );
    }

    #[test]
    fn a_lane_refuses_writes_or_a_share_of_requests_as_its_mode_says() {
        let decided = |mode, facts: RequestFacts| {
            let record = LaneRecord {
                mode,
                ..at(Phase::ServeSource)
            };
            decide(Some(&LeasedLane::new(record, NOW)), &facts, NOW)
        };
        let served = to(Side::Source, OnFailure::Return);
        assert_eq!(
            decided(Mode::ReadOnly, WRITE),
            Decision::Refuse(Refused::ReadOnly)
        );
        assert_eq!(decided(Mode::ReadOnly, READ), served);
        let quarter = Mode::Shed(25.0.try_into().unwrap());
        for (dice, expected) in [
            (0, None),
            (2_499, None),
            (2_500, Some(served)),
            (9_999, Some(served)),
        ] {
            for facts in [READ, WRITE] {
                let expected = expected.unwrap_or(Decision::Refuse(Refused::Shed));
                assert_eq!(
                    decided(quarter, RequestFacts { dice, ..facts }),
                    expected,
                    "{dice}"
                );
            }
        }
    }

    #[test]
    fn a_read_that_failed_at_the_target_is_sent_to_the_writer() {
        let serving = at(Phase::ServeSource);
        assert_eq!(
            after_failed_read(Side::Target, serving.epoch, &serving, NOW),
            AfterFailure::RetryAt(Side::Source)
        );
    }

    #[test]
    fn reads_wait_for_the_target_to_open_after_the_commit() {
        assert_eq!(decided(Phase::Committed, READ, NOW), Decision::Hold);
    }

    #[test]
    fn a_read_with_a_body_is_never_sent_twice() {
        let facts = RequestFacts {
            repeatable: false,
            ..READ
        };
        assert_eq!(
            decided(Phase::Armed, facts, NOW),
            to(Side::Source, OnFailure::Return)
        );
    }

    #[test]
    fn without_a_live_lease_the_lane_is_asked_first() {
        let expired = LeasedLane {
            record: LaneRecord::new("main"),
            leased_until: NOW,
        };
        for facts in [WRITE, READ] {
            assert_eq!(decide(None, &facts, NOW), Decision::RefreshLease);
            assert_eq!(decide(Some(&expired), &facts, NOW), Decision::RefreshLease);
        }
    }

    #[test]
    fn with_the_lane_out_of_reach_writes_wait_and_reads_go_on_at_the_last_writer() {
        let expired = LeasedLane {
            record: LaneRecord::new("main"),
            leased_until: NOW,
        };
        let failed = |facts| RequestFacts {
            renewal_failed: true,
            ..facts
        };
        assert_eq!(decide(Some(&expired), &failed(WRITE), NOW), Decision::Hold);
        assert_eq!(
            decide(Some(&expired), &failed(READ), NOW),
            to(Side::Source, OnFailure::WaitAndRetry)
        );
        assert_eq!(decide(None, &failed(READ), NOW), Decision::Hold);
        assert_eq!(decide(None, &failed(WRITE), NOW), Decision::Hold);
    }

    #[test]
    fn a_failed_read_waits_under_the_hold_follows_a_change_and_is_final_otherwise() {
        let after = |phase, now| {
            let fresh = at(phase);
            after_failed_read(Side::Source, Epoch(2), &fresh, now)
        };
        let armed = at(Phase::Armed);
        assert_eq!(
            after_failed_read(Side::Source, armed.epoch, &armed, NOW),
            AfterFailure::GiveBack
        );
        assert_eq!(after(Phase::Armed, NOW + Millis(5_000)), AfterFailure::Wait);
        assert_eq!(after(Phase::Hold, NOW), AfterFailure::Wait);
        assert_eq!(
            after(Phase::ServeTarget, NOW),
            AfterFailure::RetryAt(Side::Target)
        );
        let serving = LaneRecord::new("main");
        assert_eq!(
            after_failed_read(Side::Source, serving.epoch, &serving, NOW),
            AfterFailure::GiveBack
        );
    }

    #[test]
    fn a_read_that_met_the_lock_of_a_run_that_has_aborted_since_is_sent_again() {
        let release = Command::Release {
            run_id: "run-1".to_owned(),
        };
        let aborted = at(Phase::Aborting).next(&release, NOW).unwrap();
        assert_eq!(
            (aborted.phase, aborted.writer),
            (Phase::ServeSource, Side::Source)
        );
        assert_eq!(
            after_failed_read(Side::Source, at(Phase::Hold).epoch, &aborted, NOW),
            AfterFailure::RetryAt(Side::Source)
        );
    }

    #[test]
    fn a_lease_is_counted_from_its_start_and_is_shorter_once_armed() {
        let serving = LeasedLane::new(LaneRecord::new("main"), NOW);
        assert_eq!(serving.leased_until, NOW + Millis(5_000));
        assert!(!serving.is_due_for_renewal(NOW + Millis(2_500)));
        assert!(serving.is_due_for_renewal(NOW + Millis(2_501)));
        assert_eq!(
            LeasedLane::new(at(Phase::Armed), NOW).leased_until,
            NOW + Millis(1_000)
        );
    }

    #[test]
    fn an_older_epoch_never_takes_the_place_of_a_newer_one() {
        let old = LeasedLane {
            record: LaneRecord::new("main"),
            leased_until: UnixMillis::MAX,
        };
        let new = LeasedLane::new(at(Phase::Armed), NOW);
        assert!(new.supersedes(&old));
        assert!(!old.supersedes(&new));
        assert_eq!(new.record.epoch, Epoch(2));
    }
}
