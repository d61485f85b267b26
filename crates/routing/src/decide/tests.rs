use super::*;
use crate::{
    lane::{Command, TargetReads},
    time::Millis,
};

const NOW: UnixMillis = UnixMillis(1_000_000);
const WRITE: RequestFacts = RequestFacts {
    is_write: true,
    repeatable: false,
    renewal_failed: false,
    prefers_target: false,
    keyed: false,
    dice: 9_999,
};
const READ: RequestFacts = RequestFacts {
    is_write: false,
    repeatable: true,
    renewal_failed: false,
    prefers_target: false,
    keyed: false,
    dice: 9_999,
};

fn at(phase: Phase) -> LaneRecord {
    let run_id = || "run-1".to_owned();
    let arm = Command::Arm {
        run_id: run_id(),
        towards: Side::Target,
        hold_at_ms: NOW + Millis(5_000),
        hold_deadline_ms: NOW + Millis(15_000),
        hold: HeldWrites::All,
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
fn a_cutover_that_holds_keyed_writes_refuses_the_others_and_holds_reads() {
    let keyed = RequestFacts { keyed: true, ..WRITE };
    let at = |phase, facts, now| {
        let record = LaneRecord {
            hold: HeldWrites::Keyed,
            ..at(phase)
        };
        let leased = LeasedLane {
            record,
            leased_until: NOW + Millis(60_000),
        };
        decide(Some(&leased), &facts, now)
    };
    // Before the hold nothing is different.
    assert_eq!(at(Phase::Armed, WRITE, NOW), to(Side::Source, OnFailure::Return));
    let hold_at = NOW + Millis(5_000);
    for phase in [Phase::Armed, Phase::Hold, Phase::Committed, Phase::Aborting] {
        assert_eq!(at(phase, keyed, hold_at), Decision::Hold, "{phase}");
        assert_eq!(at(phase, READ, hold_at), Decision::Hold, "{phase}");
        let refused = Decision::Refuse(Refused::NoKey);
        assert_eq!(at(phase, WRITE, hold_at), refused, "{phase}");
        // Nor does it wait for a lane that cannot be reached.
        let unrenewed = RequestFacts {
            renewal_failed: true,
            ..WRITE
        };
        assert_eq!(at(phase, unrenewed, NOW + Millis(60_000)), refused, "{phase}");
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
