//! Which keys a share moves, and when it is set.

use axum::http::StatusCode;
use crossover_core::routing::{Epoch, Phase};
use serde_json::json;

use super::{
    super::{
        directory::tests::directory,
        tests::{edge, locked},
    },
    *,
};

fn wanted(text: &str) -> Wanted {
    text.parse().unwrap()
}

/// What is asked for without a pin.
fn asked(text: &str) -> Option<Reads> {
    wanted(text).0.map(|percent| Reads { percent, pin: None })
}

/// A share that is in force, with the default pin.
fn in_force(text: &str) -> Option<TargetReads> {
    asked(text).map(|reads| reads.after(None, UnixMillis(0)))
}

#[test]
fn a_share_is_percent_in_steps_of_a_hundredth_or_off() {
    assert_eq!(wanted("off"), Wanted(None));
    for percent in ["0", "0.01", "12.5", "99.99", "100"] {
        assert!(wanted(percent).0.is_some(), "{percent}");
    }
    for text in ["", "on", "10%", "0.001", "100.01", "-1", "nan", "inf"] {
        assert!(text.parse::<Wanted>().is_err(), "{text}");
    }
}

#[test]
fn exactly_the_difference_moves() {
    for (before, after, words) in [
        ("10", "20", "10 % of the keys move to the target, none back."),
        ("off", "12.5", "12.5 % of the keys move to the target, none back."),
        ("0.1", "0.3", "0.2 % of the keys move to the target, none back."),
        (
            "20",
            "off",
            "20 % of the keys move back to the source, none to the target.",
        ),
        (
            "100",
            "99.99",
            "0.01 % of the keys move back to the source, none to the target.",
        ),
        ("off", "0", "No key moves by the share."),
    ] {
        assert_eq!(
            moves(wanted(before).0, wanted(after).0),
            words,
            "{before} -> {after}"
        );
    }
}

#[test]
fn the_keys_that_the_directory_lists_are_told() {
    let directory = directory();
    let told = |before: &str, after: &str| {
        let record = LaneRecord {
            target_reads: in_force(before),
            ..LaneRecord::new("acme")
        };
        text(&record, in_force(after), &directory.lanes["acme"])
    };
    assert_eq!(
        told("10", "20"),
        "Lane acme, reads on the target: 10 % with a pin of 30.0 s -> 20 % with a pin of 30.0 s.\n\
         10 % of the keys move to the target, none back.\n\
         The keys that the directory lists keep their side: 0 from the source, 1 from the target.\n"
    );
    assert!(told("off", "0").contains("hold from then on"));
    assert!(told("0", "off").contains("hold no longer"));
    assert_eq!(
        told("5", "5"),
        "No change: lane acme, reads on the target: 5 % with a pin of 30.0 s.\n"
    );
    assert_eq!(
        told("off", "off"),
        "No change: lane acme, reads on the target: off.\n"
    );
    let plain = LaneRecord::new("main");
    assert!(!text(&plain, in_force("5"), &directory.lanes["main"]).contains("lists"));
}

#[test]
fn a_pin_stays_unless_another_one_is_given_and_a_longer_one_is_told() {
    let before = in_force("10").unwrap();
    let now = UnixMillis(1_000_000);
    let kept = asked("20").unwrap().after(Some(before), now);
    assert_eq!((kept.pin_ms, kept.from_ms), (before.pin_ms, before.from_ms));
    let longer = Reads {
        pin: Some(Millis(60_000)),
        ..asked("10").unwrap()
    };
    let longer = longer.after(Some(before), now);
    assert!(!same(Some(before), Some(longer)));
    let record = LaneRecord {
        target_reads: Some(before),
        ..LaneRecord::new("main")
    };
    let told = text(&record, Some(longer), &directory().lanes["main"]);
    assert!(
        told.contains("No key moves by the share.\nThe pin becomes longer: "),
        "{told}"
    );
}

#[test]
fn a_first_share_says_when_it_begins_and_a_later_one_follows_at_once() {
    let record = LaneRecord {
        target_reads: in_force("10"),
        ..LaneRecord::new("main")
    };
    assert_eq!(
        done(&record, UnixMillis(5_000)),
        "Set, epoch 1: clients that write are pinned from now on, and the target answers from 1970-01-01T00:00:35Z on, in 30.0 s.\n"
    );
    assert_eq!(
        done(&record, UnixMillis(35_000)),
        "Set, epoch 1: every isolate of the edge follows within 5.00 s.\n"
    );
}

#[tokio::test]
async fn a_share_is_set_once_and_never_by_a_dry_run() {
    let (admin, edge) = edge().await;
    set(&admin, asked("10"), true).await.unwrap();
    assert_eq!(locked(&edge).asked, 0, "a dry run");
    for _ in 0..2 {
        assert_eq!(set(&admin, asked("10"), false).await.unwrap(), ExitCode::SUCCESS);
    }
    {
        let edge = locked(&edge);
        assert_eq!(
            (edge.asked, edge.record.epoch),
            (1, Epoch(2)),
            "set already: not sent again"
        );
        let reads = edge.record.target_reads.unwrap();
        assert_eq!(
            (Some(reads.percent), reads.pin_ms),
            (wanted("10").0, Millis(30_000))
        );
    }
    set(&admin, asked("off"), false).await.unwrap();
    assert_eq!(locked(&edge).record.target_reads, None);
}

#[tokio::test]
async fn a_phase_that_permits_no_share_is_refused_and_by_a_dry_run_too() {
    let (admin, edge) = edge().await;
    locked(&edge).record.phase = Phase::ServeTarget;
    for dry_run in [true, false] {
        let ended = set(&admin, asked("10"), dry_run).await.unwrap();
        assert_eq!(ended, ExitCode::FAILURE, "dry run: {dry_run}");
    }
    assert_eq!(locked(&edge).record.epoch, Epoch(1));
    let told = SHARE.refused(
        "illegal_transition",
        "set_reads is not possible in phase serve_target",
    );
    assert!(
        told.starts_with("refused: set_reads is not possible in phase serve_target; ")
            && told.contains("while the source serves"),
        "{told}"
    );
}

#[tokio::test]
async fn a_lane_that_has_changed_meanwhile_refuses() {
    let (admin, edge) = edge().await;
    let record = LaneRecord::new("main");
    let refusal = json!({ "error": "epoch_mismatch", "message": "the lane is at epoch 7", "record": record });
    locked(&edge).refuses = Some((StatusCode::CONFLICT, refusal));
    let ended = set(&admin, asked("10"), false).await.unwrap();
    assert_eq!(ended, ExitCode::FAILURE);
}

#[tokio::test]
async fn a_lane_that_no_request_belongs_to_is_refused() {
    let (admin, edge) = edge().await;
    locked(&edge).record.lane = "n01".to_owned();
    let ended = set(&admin, asked("10"), false).await.unwrap();
    assert_eq!((ended, locked(&edge).asked), (ExitCode::FAILURE, 0));
    let told = no_lane("n01", &directory());
    assert!(
        told.contains("its lanes: acme, main.") && told.contains("--config"),
        "{told}"
    );
}
