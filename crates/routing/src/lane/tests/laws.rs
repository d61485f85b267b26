//! What holds after every sequence of commands.

use proptest::prelude::*;

use super::*;

/// A command by one of a few runs, at a time around the schedule.
fn any_step() -> impl Strategy<Value = (Command, u64)> {
    let run_id = (1_u8..5).prop_map(|number| format!("run-{number}"));
    let side = prop_oneof![Just(Side::Source), Just(Side::Target)];
    let command = (run_id, side, 0_u8..8, 0_u64..30_000, 0_u64..25_000).prop_map(
        |(run_id, towards, kind, ahead, length)| match kind {
            0 => Command::Arm {
                run_id,
                towards,
                hold_at_ms: UnixMillis(ahead),
                hold_deadline_ms: UnixMillis(ahead + length),
                hold: if length % 2 == 0 {
                    HeldWrites::All
                } else {
                    HeldWrites::Keyed
                },
            },
            1 => Command::Hold { run_id },
            2 => Command::Commit { run_id },
            3 => Command::Release { run_id },
            4 => Command::Abort { run_id },
            5 => Command::Complete { run_id },
            6 if ahead < 10_000 => Command::EndReads,
            6 if ahead < 15_000 => Command::SetMode { mode: Mode::ReadOnly },
            6 if ahead < 20_000 => Command::SetShadow {
                percent: share((length % 3 * 50) as f64),
            },
            6 => Command::SetReads {
                percent: share(1.0),
                pin_ms: Millis(length),
            },
            _ => Command::DeadlinePassed,
        },
    );
    (command, 0_u64..6_000)
}

/// Applies steps with a clock that only goes forward; the times of an arm command are relative to that clock.
fn walk(steps: Vec<(Command, u64)>) -> Vec<(Command, UnixMillis, LaneRecord, Result<LaneRecord, Refusal>)> {
    let (mut now, mut lane, mut trace) = (NOW, LaneRecord::new("main"), Vec::new());
    for (mut command, passed) in steps {
        now += Millis(passed);
        if let Command::Arm {
            hold_at_ms,
            hold_deadline_ms,
            ..
        } = &mut command
        {
            *hold_at_ms = now + Millis(hold_at_ms.0);
            *hold_deadline_ms = now + Millis(hold_deadline_ms.0);
        }
        let outcome = lane.next(&command, now);
        trace.push((command, now, lane.clone(), outcome.clone()));
        lane = outcome.unwrap_or(lane);
    }
    trace
}

proptest! {
    #[test]
    fn every_accepted_change_raises_the_epoch_by_exactly_one(steps in prop::collection::vec(any_step(), 0..200)) {
        for (_, _, before, outcome) in walk(steps) {
            if let Ok(after) = outcome {
                prop_assert_eq!(after.epoch.0, before.epoch.0 + 1);
            }
        }
    }

    #[test]
    fn the_writer_changes_by_a_commit_in_time_and_by_nothing_else(steps in prop::collection::vec(any_step(), 0..200)) {
        for (command, now, before, outcome) in walk(steps) {
            let Ok(after) = outcome else { continue };
            let commits = matches!(command, Command::Commit { .. });
            prop_assert_eq!(before.writer != after.writer, commits);
            if commits {
                prop_assert_eq!(before.phase, Phase::Hold);
                prop_assert!(before.hold_deadline_ms.is_some_and(|deadline| now < deadline));
                prop_assert_eq!(before.run_id.as_deref(), command.run_id());
            }
        }
    }

    #[test]
    fn after_a_completion_the_target_serves_for_good(steps in prop::collection::vec(any_step(), 0..200)) {
        for (_, _, before, outcome) in walk(steps) {
            let Ok(after) = outcome else { continue };
            prop_assert!(!before.completed || after.completed);
            prop_assert!(!after.completed || (after.phase, after.writer) == (Phase::ServeTarget, Side::Target));
        }
    }

    #[test]
    fn exactly_one_of_abort_and_commit_succeeds_in_each_cutover(steps in prop::collection::vec(any_step(), 0..200)) {
        let mut decided = 0;
        for (command, _, before, outcome) in walk(steps) {
            let Ok(after) = outcome else { continue };
            match after.phase {
                Phase::Armed => decided = 0,
                Phase::Committed | Phase::Aborting => decided += 1,
                // An abort before the arm only ends its run.
                Phase::ServeSource | Phase::ServeTarget if before.phase.is_serving() => {}
                Phase::ServeSource | Phase::ServeTarget => prop_assert_eq!(decided, 1, "after {:?}", command),
                Phase::Hold => prop_assert_eq!(before.phase, Phase::Armed),
            }
            prop_assert!(decided <= 1);
        }
    }

    #[test]
    fn a_serving_lane_has_no_cutover_fields_and_holds_no_writes(steps in prop::collection::vec(any_step(), 0..200)) {
        for (_, now, _, outcome) in walk(steps) {
            let Ok(after) = outcome else { continue };
            prop_assert_eq!(after.phase.is_serving(), after.towards.is_none());
            if after.phase.is_serving() {
                prop_assert_eq!(after.phase, after.writer.served());
                prop_assert!(!after.holds_writes(now));
                prop_assert!(after.hold_at_ms.is_none() && after.hold_deadline_ms.is_none());
                prop_assert_eq!(after.hold, HeldWrites::All, "no cutover, no choice of one");
            }
        }
    }

    /// A direct request goes where the longer way would send it, and never while something is announced or due.
    #[test]
    fn the_direct_way_is_the_longer_way_without_its_duties(
        steps in prop::collection::vec(any_step(), 0..60), is_write in any::<bool>(), prefers_target in any::<bool>(), used in 0_u64..6_000,
        dice in 0_u16..10_000,
    ) {
        use crate::decide::{Decision, LeasedLane, OnFailure, RequestFacts, decide, direct};
        let facts = RequestFacts {
            is_write,
            repeatable: !is_write,
            renewal_failed: false,
            prefers_target: prefers_target && !is_write,
            keyed: false,
            dice,
        };
        for (_, now, _, outcome) in walk(steps) {
            let Ok(record) = outcome else { continue };
            let leased = LeasedLane::new(record, now);
            let later = now + Millis(used);
            if let Some(to) = direct(&leased, &facts, later) {
                let decision = decide(Some(&leased), &facts, later);
                prop_assert_eq!(decision, Decision::Forward { to, on_failure: OnFailure::Return });
                prop_assert!(!leased.is_due_for_renewal(later) && leased.record.phase.is_serving());
                prop_assert!(!matches!(leased.record.mode, Mode::Shed(_)));
                prop_assert!(is_write || leased.record.shadowed_reads().is_none());
            }
        }
    }

    /// No write is ever copied to another side, and no read once a cutover is announced.
    #[test]
    fn only_reads_are_copied_and_only_while_the_source_serves(
        steps in prop::collection::vec(any_step(), 0..60), is_write in any::<bool>(), repeatable in any::<bool>(), dice in 0_u16..10_000,
        answers in prop_oneof![Just(Side::Source), Just(Side::Target)],
    ) {
        use crate::decide::{RequestFacts, shadow_of};
        let facts = RequestFacts {
            is_write,
            repeatable: repeatable && !is_write,
            renewal_failed: false,
            prefers_target: false,
            keyed: false,
            dice,
        };
        for (_, _, _, outcome) in walk(steps) {
            let Ok(record) = outcome else { continue };
            if let Some(copied_to) = shadow_of(&record, &facts, answers) {
                prop_assert!(!is_write && repeatable);
                prop_assert_eq!((record.phase, answers, copied_to), (Phase::ServeSource, Side::Source, Side::Target));
            }
        }
    }

    #[test]
    fn writes_are_never_forwarded_in_hold_committed_or_aborting(
        steps in prop::collection::vec(any_step(), 0..200),
        until in any::<u64>().prop_map(UnixMillis),
        keyed in any::<bool>(),
    ) {
        use crate::decide::{Decision, LeasedLane, RequestFacts, decide};
        let facts = RequestFacts {
            is_write: true,
            repeatable: false,
            renewal_failed: false,
            prefers_target: true,
            keyed,
            dice: 0,
        };
        for (_, now, _, outcome) in walk(steps) {
            let Ok(record) = outcome else { continue };
            let phase = record.phase;
            let decision = decide(Some(&LeasedLane { record, leased_until: until }), &facts, now);
            if matches!(phase, Phase::Hold | Phase::Committed | Phase::Aborting) || now >= until {
                prop_assert!(!matches!(decision, Decision::Forward { .. }), "{} forwarded", phase);
            }
        }
    }
}
