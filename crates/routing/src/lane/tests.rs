mod laws;

use super::*;

const NOW: UnixMillis = UnixMillis(1_000_000);

fn arm(towards: Side, now: UnixMillis) -> Command {
    Command::Arm {
        run_id: run(),
        towards,
        hold_at_ms: now + Millis(5_000),
        hold_deadline_ms: now + Millis(15_000),
        hold: HeldWrites::All,
    }
}

fn run() -> String {
    "run-1".to_owned()
}

fn after(steps: &[(Command, UnixMillis)]) -> LaneRecord {
    steps
        .iter()
        .fold(LaneRecord::new("main"), |lane, (command, now)| {
            lane.next(command, *now).unwrap()
        })
}

fn held() -> LaneRecord {
    after(&[
        (arm(Side::Target, NOW), NOW),
        (Command::Hold { run_id: run() }, NOW + Millis(5_000)),
    ])
}

#[test]
fn a_cutover_goes_from_source_to_target() {
    let commit = held()
        .next(&Command::Commit { run_id: run() }, NOW + Millis(14_999))
        .unwrap();
    assert_eq!(
        (commit.phase, commit.writer, commit.towards),
        (Phase::Committed, Side::Target, Some(Side::Target))
    );
    let done = commit
        .next(&Command::Release { run_id: run() }, NOW + Millis(60_000))
        .unwrap();
    assert_eq!(
        (done.phase, done.writer, done.epoch),
        (Phase::ServeTarget, Side::Target, Epoch(5))
    );
    assert_eq!(
        (done.towards, done.hold_at_ms, done.hold_deadline_ms),
        (None, None, None)
    );
    assert_eq!(done.run_id.as_deref(), Some("run-1"));
}

#[test]
fn a_rollback_uses_the_same_phases_in_the_other_direction() {
    let committed = held()
        .next(&Command::Commit { run_id: run() }, NOW + Millis(6_000))
        .unwrap();
    let target = committed
        .next(&Command::Release { run_id: run() }, NOW + Millis(6_000))
        .unwrap();
    // A new run id: the cutover's run is over.
    let rollback = || "run-2".to_owned();
    let Command::Arm {
        towards,
        hold_at_ms,
        hold_deadline_ms,
        ..
    } = arm(Side::Source, NOW + Millis(10_000))
    else {
        unreachable!("arm makes an arm")
    };
    let arm_again = Command::Arm {
        run_id: rollback(),
        towards,
        hold_at_ms,
        hold_deadline_ms,
        hold: HeldWrites::All,
    };
    let steps = [
        (arm_again, NOW + Millis(10_000)),
        (Command::Hold { run_id: rollback() }, NOW + Millis(15_000)),
        (Command::Commit { run_id: rollback() }, NOW + Millis(15_001)),
        (Command::Release { run_id: rollback() }, NOW + Millis(15_002)),
    ];
    let back = steps
        .iter()
        .fold(target, |lane, (command, now)| lane.next(command, *now).unwrap());
    assert_eq!((back.phase, back.writer), (Phase::ServeSource, Side::Source));
}

#[test]
fn an_abort_holds_writes_until_the_release_and_leaves_the_writer() {
    for lane in [after(&[(arm(Side::Target, NOW), NOW)]), held()] {
        let aborting = lane
            .next(&Command::Abort { run_id: run() }, NOW + Millis(20_000))
            .unwrap();
        assert_eq!((aborting.phase, aborting.writer), (Phase::Aborting, Side::Source));
        assert!(
            aborting.holds_writes(UnixMillis(0)),
            "a held write must not reach the locked source"
        );
        let commit = aborting.next(&Command::Commit { run_id: run() }, NOW + Millis(6_000));
        assert!(matches!(
            commit,
            Err(Refusal::IllegalTransition {
                phase: Phase::Aborting,
                ..
            })
        ));
        let done = aborting
            .next(&Command::Release { run_id: run() }, NOW + Millis(20_001))
            .unwrap();
        assert_eq!((done.phase, done.writer), (Phase::ServeSource, Side::Source));
    }
}

#[test]
fn a_commit_at_the_deadline_is_refused_and_the_alarm_aborts() {
    let deadline = NOW + Millis(15_000);
    let late = held().next(&Command::Commit { run_id: run() }, deadline);
    assert!(matches!(late, Err(Refusal::DeadlineOver { .. })), "{late:?}");
    let early = held().next(&Command::DeadlinePassed, deadline - Millis(1));
    assert!(matches!(early, Err(Refusal::TooEarly { .. })), "{early:?}");
    let aborting = held().next(&Command::DeadlinePassed, deadline).unwrap();
    assert_eq!(aborting.phase, Phase::Aborting);
    let armed = after(&[(arm(Side::Target, NOW), NOW)]);
    assert_eq!(
        armed.next(&Command::DeadlinePassed, deadline).unwrap().phase,
        Phase::Aborting
    );
}

#[test]
fn the_alarm_never_undoes_a_commit() {
    let committed = held()
        .next(&Command::Commit { run_id: run() }, NOW + Millis(6_000))
        .unwrap();
    for command in [Command::DeadlinePassed, Command::Abort { run_id: run() }] {
        let outcome = committed.next(&command, NOW + Millis(60_000));
        assert!(matches!(
            outcome,
            Err(Refusal::IllegalTransition {
                phase: Phase::Committed,
                ..
            })
        ));
    }
}

#[test]
fn holding_before_hold_at_is_refused() {
    let armed = after(&[(arm(Side::Target, NOW), NOW)]);
    let outcome = armed.next(&Command::Hold { run_id: run() }, NOW + Millis(4_999));
    assert!(matches!(outcome, Err(Refusal::TooEarly { from_ms, .. }) if from_ms == NOW + Millis(5_000)));
}

#[test]
fn a_run_that_aborts_before_it_arms_can_never_arm() {
    let lane = LaneRecord::new("main");
    let over = lane.next(&Command::Abort { run_id: run() }, NOW).unwrap();
    assert_eq!((over.phase, over.epoch), (Phase::ServeSource, lane.epoch.next()));
    assert!(!over.holds_writes(NOW));
    for command in [arm(Side::Target, NOW), Command::Abort { run_id: run() }] {
        let outcome = over.next(&command, NOW);
        assert!(
            matches!(outcome, Err(Refusal::RunOver { .. })),
            "{command:?}: {outcome:?}"
        );
    }
    // The epoch it read before is no longer valid.
    let late = over.apply(lane.epoch, &arm(Side::Target, NOW), NOW);
    assert!(matches!(late, Err(Refusal::EpochMismatch { .. })), "{late:?}");
}

fn complete(run_id: &str) -> Command {
    Command::Complete {
        run_id: run_id.to_owned(),
    }
}

/// The target serves since `NOW + 60 s`.
fn cut_over() -> LaneRecord {
    after(&[
        (arm(Side::Target, NOW), NOW),
        (Command::Hold { run_id: run() }, NOW + Millis(5_000)),
        (Command::Commit { run_id: run() }, NOW + Millis(6_000)),
        (Command::Release { run_id: run() }, NOW + Millis(60_000)),
    ])
}

#[test]
fn a_completed_lane_serves_on_and_never_goes_back() {
    let lane = cut_over();
    assert_eq!(lane.phase_since_ms, Some(NOW + Millis(60_000)));
    let later = NOW + Millis(90_000);
    let done = lane.next(&complete("done"), later).unwrap();
    assert_eq!(
        (done.phase, done.writer, done.run_id.as_deref(), done.completed),
        (Phase::ServeTarget, Side::Target, Some("done"), true)
    );
    assert_eq!(done.phase_since_ms, lane.phase_since_ms, "it serves as before");
    assert!(!done.holds_writes(later));
    let back = Command::Arm {
        run_id: "back".to_owned(),
        towards: Side::Source,
        hold_at_ms: later + Millis(5_000),
        hold_deadline_ms: later + Millis(9_000),
        hold: HeldWrites::All,
    };
    assert!(lane.next(&back, later).is_ok());
    assert_eq!(done.next(&back, later), Err(Refusal::Completed));
    assert_eq!(done.next(&complete("again"), later), Err(Refusal::Completed));
    // A rollback that has armed first keeps the migration.
    let armed = lane.next(&back, later).unwrap();
    let refused = armed.next(&complete("done"), later);
    assert!(
        matches!(refused, Err(Refusal::IllegalTransition { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_migration_whose_source_serves_cannot_be_completed() {
    let refused = LaneRecord::new("main").next(&complete("given-up"), NOW);
    assert!(
        matches!(refused, Err(Refusal::IllegalTransition { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_record_of_an_older_worker_is_read() {
    let old = r#"{"lane":"main","run_id":"r","epoch":5,"phase":"serve_target","writer":"target","towards":null,
        "hold_at_ms":null,"hold_deadline_ms":null,"lease_ttl_ms":5000}"#;
    let old: LaneRecord = serde_json::from_str(old).unwrap();
    assert_eq!((old.phase_since_ms, old.completed), (None, false));
}

#[test]
fn another_run_can_do_nothing_to_a_lane_it_does_not_own() {
    let other = || "run-2".to_owned();
    let committed = held()
        .next(&Command::Commit { run_id: run() }, NOW + Millis(6_000))
        .unwrap();
    let cases = [
        (
            after(&[(arm(Side::Target, NOW), NOW)]),
            Command::Hold { run_id: other() },
        ),
        (held(), Command::Commit { run_id: other() }),
        (held(), Command::Abort { run_id: other() }),
        (committed, Command::Release { run_id: other() }),
    ];
    for (lane, command) in cases {
        let outcome = lane.next(&command, NOW + Millis(6_000));
        assert!(
            matches!(outcome, Err(Refusal::WrongRun { .. })),
            "{command:?}: {outcome:?}"
        );
    }
}

#[test]
fn a_schedule_that_cannot_be_kept_is_refused_with_every_reason() {
    let lane = LaneRecord::new("main");
    let bad = |run_id: &str, towards, hold_at_ms, hold_deadline_ms| {
        let command = Command::Arm {
            run_id: run_id.to_owned(),
            towards,
            hold_at_ms,
            hold_deadline_ms,
            hold: HeldWrites::All,
        };
        match lane.next(&command, NOW) {
            Err(Refusal::BadSchedule { reason }) => reason,
            other => panic!("{command:?} gave {other:?}"),
        }
    };
    let (at, by) = (NOW + Millis(5_000), NOW + Millis(15_000));
    assert!(bad("r", Side::Target, at - Millis(1), by).contains("one lease"));
    assert!(bad("r", Side::Target, at, at).contains("not after hold_at_ms"));
    assert!(bad("r", Side::Target, at, at + Millis(20_001)).contains("20001 ms"));
    assert!(bad("r", Side::Source, at, by).contains("is already the writer"));
    assert!(bad("", Side::Target, at, by).contains("run_id"));
    assert!(bad("two words", Side::Target, at, by).contains("run_id"));
    assert_eq!(
        bad("", Side::Source, UnixMillis(0), UnixMillis(0))
            .matches(';')
            .count(),
        3
    );
    assert!(bad("r", Side::Target, UnixMillis::MAX, UnixMillis(0)).contains("not after hold_at_ms"));
}

#[test]
fn a_second_arm_is_refused_while_a_cutover_is_under_way() {
    let outcome = held().next(&arm(Side::Target, NOW + Millis(6_000)), NOW + Millis(6_000));
    assert!(matches!(
        outcome,
        Err(Refusal::IllegalTransition {
            phase: Phase::Hold,
            command: "arm"
        })
    ));
}

#[test]
fn the_compare_and_set_refuses_every_other_epoch() {
    let lane = LaneRecord::new("main");
    for stale in [0, 2, u64::MAX] {
        let outcome = lane.apply(Epoch(stale), &arm(Side::Target, NOW), NOW);
        assert_eq!(
            outcome,
            Err(Refusal::EpochMismatch {
                expected: Epoch(stale),
                actual: Epoch(1)
            })
        );
    }
    assert!(lane.apply(Epoch(1), &arm(Side::Target, NOW), NOW).is_ok());
}

#[test]
fn the_wire_form_is_the_documented_one() {
    let command: Command = serde_json::from_str(
        r#"{"command":"arm","run_id":"r","towards":"target","hold_at_ms":6000,"hold_deadline_ms":7000}"#,
    )
    .unwrap();
    let lane = LaneRecord::new("main").next(&command, UnixMillis(0)).unwrap();
    assert_eq!(
        serde_json::to_value(&lane).unwrap(),
        serde_json::json!({
            "lane": "main", "run_id": "r", "epoch": 2, "phase": "armed", "writer": "source", "towards": "target",
            "hold_at_ms": 6000, "hold_deadline_ms": 7000, "lease_ttl_ms": 5000, "phase_since_ms": 0,
        })
    );
    let typo = serde_json::from_str::<Command>(r#"{"command":"hold","run_id":"r","force":true}"#);
    assert!(typo.is_err(), "a command with a typo must be refused");
}

fn share(percent: f64) -> ReadShare {
    percent.try_into().unwrap()
}

fn set_reads(percent: f64) -> Command {
    Command::SetReads {
        percent: share(percent),
        pin_ms: Millis(30_000),
    }
}

#[test]
fn the_share_of_reads_is_set_while_the_source_serves_and_ends_with_a_commit() {
    let serving = LaneRecord::new("main").next(&set_reads(10.0), NOW).unwrap();
    assert_eq!((serving.epoch, serving.run_id.as_deref()), (Epoch(2), None));
    let from = NOW + SERVE_LEASE + Millis(30_000);
    assert_eq!(serving.read_share(from), Some(share(10.0)));
    assert_eq!(serving.read_share(from - Millis(1)), None, "pins come first");
    let raised = serving.next(&set_reads(20.0), NOW + Millis(60_000)).unwrap();
    assert_eq!(
        raised.read_share(NOW + Millis(60_000)),
        Some(share(20.0)),
        "at once: clients are pinned"
    );
    let ended = raised.next(&Command::EndReads, NOW).unwrap();
    assert_eq!(ended.target_reads, None);

    let held = held();
    for command in [set_reads(0.0), Command::EndReads] {
        let refused = held.next(&command, NOW).unwrap_err();
        assert_eq!(refused.name(), "illegal_transition");
    }
    for pin_ms in [Millis(0), MAX_PIN + Millis(1)] {
        let command = Command::SetReads {
            percent: share(1.0),
            pin_ms,
        };
        assert_eq!(ended.next(&command, NOW), Err(Refusal::BadPin { pin_ms }));
    }

    // The same run with the share in force: while requests are held, and after the commit, no read is the target's share.
    let later = NOW + Millis(6_000);
    let shared = LaneRecord {
        target_reads: serving.target_reads,
        ..held
    };
    assert_eq!(shared.read_share(UnixMillis::MAX), None);
    let committed = shared.next(&Command::Commit { run_id: run() }, later).unwrap();
    assert_eq!(
        committed.target_reads, None,
        "after a rollback the target may lack rows"
    );
    let aborted = shared.next(&Command::Abort { run_id: run() }, later).unwrap();
    let released = aborted.next(&Command::Release { run_id: run() }, later).unwrap();
    assert_eq!(
        released.target_reads, serving.target_reads,
        "an abort changes nothing"
    );
}

#[test]
fn reads_are_copied_while_the_source_serves_until_a_commit() {
    let set = |percent| Command::SetShadow {
        percent: share(percent),
    };
    let serving = LaneRecord::new("main").next(&set(10.0), NOW).unwrap();
    assert_eq!(serving.shadowed_reads(), Some(share(10.0)));
    assert_eq!(serving.next(&set(0.0), NOW).unwrap().shadow, None);
    let held = LaneRecord {
        shadow: serving.shadow,
        ..held()
    };
    assert_eq!(
        held.shadowed_reads(),
        None,
        "a cutover needs the target for itself"
    );
    assert_eq!(
        held.next(&set(1.0), NOW).unwrap_err().name(),
        "illegal_transition"
    );
    let later = NOW + Millis(6_000);
    let committed = held.next(&Command::Commit { run_id: run() }, later).unwrap();
    assert_eq!(committed.shadow, None);
}

#[test]
fn a_mode_is_set_while_a_side_serves_and_outlives_a_cutover() {
    let read_only = Command::SetMode { mode: Mode::ReadOnly };
    let serving = LaneRecord::new("main").next(&read_only, NOW).unwrap();
    assert_eq!(serving.mode, Mode::ReadOnly);
    assert_eq!(
        held().next(&read_only, NOW).unwrap_err().name(),
        "illegal_transition"
    );
    let held = LaneRecord {
        mode: Mode::ReadOnly,
        ..held()
    };
    let later = NOW + Millis(6_000);
    let committed = held.next(&Command::Commit { run_id: run() }, later).unwrap();
    let released = committed
        .next(&Command::Release { run_id: run() }, later)
        .unwrap();
    assert_eq!(released.mode, Mode::ReadOnly);
    let normal = Command::SetMode { mode: Mode::Normal };
    assert_eq!(released.next(&normal, later).unwrap().mode, Mode::Normal);
}

/// Two orchestrators read the same record and race: in every order exactly one compare-and-set succeeds.
#[test]
fn of_two_orchestrators_with_the_same_epoch_one_succeeds() {
    let lane = held();
    let commit = (lane.epoch, Command::Commit { run_id: run() });
    let abort = (lane.epoch, Command::Abort { run_id: run() });
    for order in [[&commit, &abort], [&abort, &commit]] {
        let mut current = lane.clone();
        let outcomes = order.map(|(expected, command)| {
            let outcome = current.apply(*expected, command, NOW + Millis(6_000));
            current = outcome.clone().unwrap_or_else(|_| current.clone());
            outcome
        });
        assert!(outcomes[0].is_ok());
        assert!(matches!(outcomes[1], Err(Refusal::EpochMismatch { .. })));
    }
}
