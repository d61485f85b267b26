use crossover_core::routing::{Command, Epoch, HeldWrites};

use super::*;

const NOW: UnixMillis = UnixMillis(100_000);
const HOLD_AT: UnixMillis = UnixMillis(106_000);

fn run() -> String {
    "shop-1".to_owned()
}

/// The lane after these commands.
fn lane(commands: &[Command]) -> LaneRecord {
    let arm = Command::Arm {
        run_id: run(),
        towards: Side::Target,
        hold_at_ms: HOLD_AT,
        hold_deadline_ms: HOLD_AT + Millis(8_000),
        hold: HeldWrites::All,
    };
    let armed = LaneRecord::new("main").next(&arm, NOW).unwrap();
    commands
        .iter()
        .fold(armed, |lane, command| lane.next(command, HOLD_AT).unwrap())
}

fn under_way(direction: Direction) -> RunUnderWay {
    RunUnderWay {
        run_id: run(),
        execution: "arn".to_owned(),
        direction,
        completes: false,
        state: Some("ConnectionDrain".to_owned()),
    }
}

fn status(lane: &LaneRecord, under_way: Option<RunUnderWay>, now: UnixMillis) -> LaneStatus {
    let health = StreamHealth {
        state: StreamState::Running,
        loaded_percent: 100,
        last_failure: None,
    };
    LaneStatus::of(Facts {
        migration_id: "shop",
        lane,
        under_way,
        reverse_replication: reverse_stream(lane.writer)
            .map(|_| ("DMS task shop-reverse".to_owned(), Some(health))),
        left: Vec::new(),
        config: "",
        now,
    })
}

fn first(status: &LaneStatus) -> &str {
    &status.next[0].command
}

#[test]
fn an_idle_lane_offers_a_cutover_and_after_it_a_rollback() {
    let idle = status(&LaneRecord::new("main"), None, NOW);
    assert!(
        idle.summary
            .starts_with("The source owns writes and serves everything. No run")
    );
    assert_eq!(first(&idle), "crossover run --dry-run --follow");
    let (hold, commit, release) = (
        Command::Hold { run_id: run() },
        Command::Commit { run_id: run() },
        Command::Release { run_id: run() },
    );
    let served = status(&lane(&[hold, commit, release]), None, HOLD_AT);
    assert_eq!(
        (served.writer, served.phase.as_str()),
        (Side::Target, "serve_target")
    );
    assert!(served.reverse_replication.as_ref().unwrap().running);
    assert_eq!(first(&served), "crossover rollback --follow");
}

#[test]
fn without_reverse_replication_no_rollback_is_offered() {
    let lane = LaneRecord {
        phase: Phase::ServeTarget,
        writer: Side::Target,
        epoch: Epoch(9),
        ..LaneRecord::new("main")
    };
    let status = LaneStatus::of(Facts {
        migration_id: "shop",
        lane: &lane,
        under_way: None,
        reverse_replication: Some(("DMS task shop-reverse".to_owned(), None)),
        left: Vec::new(),
        config: "",
        now: NOW,
    });
    let reverse_replication = status.reverse_replication.unwrap();
    assert_eq!(
        (reverse_replication.running, reverse_replication.stream.as_str()),
        (false, "DMS task shop-reverse does not exist")
    );
    assert!(status.next.iter().all(|step| !step.command.contains("rollback")));
}

#[test]
fn every_phase_says_who_owns_writes_and_what_to_do_if_nothing_works_on_it() {
    let hold = || Command::Hold { run_id: run() };
    let commit = Command::Commit { run_id: run() };
    let abort = Command::Abort { run_id: run() };
    for (lane, words) in [
        (
            lane(&[]),
            "The source owns writes. Run shop-1 has announced a pause",
        ),
        (
            lane(&[hold()]),
            "The source owns writes, and run shop-1 holds them",
        ),
        (
            lane(&[hold(), commit]),
            "Run shop-1 has committed: the target owns writes",
        ),
        (
            lane(&[hold(), abort]),
            "Run shop-1 was aborted: the source keeps the writes",
        ),
    ] {
        let alone = status(&lane, None, HOLD_AT);
        assert!(alone.summary.starts_with(words), "{}", alone.summary);
        assert!(alone.summary.contains("Nothing works on it"), "{}", alone.summary);
        assert_eq!(first(&alone), "crossover abort");
    }
}

#[test]
fn a_run_that_has_committed_cannot_be_aborted_and_one_that_has_not_can() {
    let hold = Command::Hold { run_id: run() };
    let held = status(
        &lane(std::slice::from_ref(&hold)),
        Some(under_way(Direction::Forward)),
        HOLD_AT + Millis(300),
    );
    assert!(
        held.summary.contains("since 300 ms") && held.summary.contains("in 7700 ms"),
        "{}",
        held.summary
    );
    assert!(held.summary.ends_with("Run shop-1 is in state ConnectionDrain."));
    assert_eq!(first(&held), "crossover run --follow --run-id shop-1");
    assert_eq!(held.next[1].command, "crossover abort");
    let commit = Command::Commit { run_id: run() };
    let committed = status(
        &lane(&[hold, commit]),
        Some(under_way(Direction::Reverse)),
        HOLD_AT,
    );
    assert_eq!(first(&committed), "crossover rollback --follow --run-id shop-1");
    assert_eq!(committed.next.len(), 1);
}

#[test]
fn a_completed_migration_offers_no_rollback_and_says_what_is_left() {
    let completed = LaneRecord {
        phase: Phase::ServeTarget,
        writer: Side::Target,
        completed: true,
        ..LaneRecord::new("main")
    };
    let of = |left: Vec<String>| {
        LaneStatus::of(Facts {
            migration_id: "shop",
            lane: &completed,
            under_way: None,
            reverse_replication: None,
            left,
            config: "",
            now: NOW,
        })
    };
    let done = of(Vec::new());
    assert!(done.completed && done.next.is_empty(), "{done:?}");
    assert!(
        done.summary.contains("The migration is completed."),
        "{}",
        done.summary
    );
    let unfinished = of(vec!["DMS task shop-reverse is stopped".to_owned()]);
    assert!(!unfinished.completed);
    assert!(
        unfinished
            .summary
            .contains("not finished: DMS task shop-reverse is stopped"),
        "{}",
        unfinished.summary
    );
    assert_eq!(first(&unfinished), "crossover complete --follow");
}
