//! A certificate holds for the databases as they were, and the check reports when it no longer does.

use std::time::Duration;

use crossover_core::ports::Positions;
use crossover_postgres::LogPositions;

use super::*;

const ENGINES: Sides<&dyn Positions> = Sides {
    source: &LogPositions,
    target: &LogPositions,
};
const DAY: Option<Duration> = Some(Duration::from_hours(24));

fn conditions() -> Conditions {
    comparison(vec![compared("orders", 3), compared("items", 2)]).conditions
}

fn counters<'a>(conditions: &'a mut Conditions, name: &str) -> &'a mut WriteCounters {
    let side = &mut conditions.sides.target.tables;
    side.get_mut(&table(name)).unwrap().as_mut().unwrap()
}

fn target(conditions: &mut Conditions) -> &mut SideFacts {
    &mut conditions.sides.target.facts
}

/// A change since the comparison, and the one reason it must be reported with.
type Change = (fn(&mut Conditions), &'static str);

const CHANGES: &[Change] = &[
    (
        |c| counters(c, "orders").inserts += 1,
        "target: table shop.orders was written to: 1 inserts, 0 updates, 0 deletes",
    ),
    (
        |c| counters(c, "items").updates += 2,
        "target: table shop.items was written to: 0 inserts, 2 updates, 0 deletes",
    ),
    (
        |c| counters(c, "items").deletes += 3,
        "target: table shop.items was written to: 0 inserts, 0 updates, 3 deletes",
    ),
    (
        |c| counters(c, "items").inserts -= 1,
        "target: the counters of table shop.items are lower",
    ),
    (
        |c| counters(c, "items").updates -= 1,
        "target: the counters of table shop.items are lower",
    ),
    (
        |c| counters(c, "items").deletes -= 1,
        "target: the counters of table shop.items are lower",
    ),
    (
        |c| counters(c, "items").storage.push('1'),
        "target: the rows of table shop.items are in other files",
    ),
    (
        |c| drop(c.sides.target.tables.insert(table("items"), None)),
        "target: writes to table shop.items were not counted all the time",
    ),
    (
        |c| drop(c.sides.target.tables.remove(&table("items"))),
        "target: table shop.items was compared and is no longer",
    ),
    (
        |c| drop(c.sides.target.tables.insert(table("new"), None)),
        "target: table shop.new is in scope and was not compared",
    ),
    (
        |c| target(c).database.push('2'),
        "target: this is database \"shop2\", \"shop\" was compared",
    ),
    (
        |c| target(c).system_identifier = Some(9_u64.into()),
        "target: database \"shop\" is on a server with the system identifier 9, the one compared was on 2",
    ),
    (
        |c| target(c).system_identifier = None,
        "target: the server's system identifier is known for one",
    ),
    (
        |c| target(c).server_version_num = 170_001,
        "target: the server was of version 160014 and is of version 170001",
    ),
    (
        |c| target(c).position = Some(Position::new("binlog.000042:1337")),
        "target: where the changes stood and stand cannot be compared",
    ),
    (
        |c| target(c).position = Some(Position::new("0/1")),
        "target: the changes end at 0/1, behind 16/B374D848",
    ),
    (
        |c| target(c).position = None,
        "target: the position of its changes is known for one",
    ),
    (
        |c| target(c).schema_fingerprint = merkle::leaf(b""),
        "target: the schema has changed",
    ),
    (
        |c| target(c).counted_since = c_time(0),
        "target: writes were counted since 2026-01-02T03:04:05.678901Z and are counted since 2026-08-01T00:00:00Z",
    ),
    (
        |c| c.at = c_time(2),
        "the comparison began 172800 s ago, at most 86400 s are allowed",
    ),
    (
        |c| c.at = c_time(-1),
        "the comparison began 86400 s in the future",
    ),
];

/// Some days after the comparison began.
fn c_time(days: i64) -> jiff::Timestamp {
    let began = conditions().at;
    jiff::Timestamp::from_second(began.as_second() + days * 86_400).unwrap()
}

#[test]
fn unchanged_databases_keep_their_certificate() {
    let certified = certificate(&key()).conditions();
    assert_eq!(certified.still_hold(&certified, DAY, ENGINES), []);
    let mut later = conditions();
    later.at = c_time(1);
    let facts = target(&mut later);
    // A minor version and a growing log change no row.
    facts.server_version_num += 1;
    facts.position = Some(Position::new("FFFFFFFF/FFFFFFFF"));
    assert_eq!(conditions().still_hold(&later, DAY, ENGINES), []);
    later.at = c_time(3_000);
    assert_eq!(conditions().still_hold(&later, None, ENGINES), []);
    later.at = jiff::Timestamp::from_second(conditions().at.as_second() - 60).unwrap();
    assert_eq!(
        conditions().still_hold(&later, DAY, ENGINES),
        [],
        "clocks may differ by a minute"
    );
}

#[test]
fn every_change_makes_a_certificate_stale_and_is_named() {
    for (change, reason) in CHANGES {
        let mut now = conditions();
        change(&mut now);
        let reasons = conditions().still_hold(&now, DAY, ENGINES);
        let [message] = &reasons[..] else {
            panic!("{reason}: {reasons:?}");
        };
        let message = message.to_string();
        assert!(
            message.contains(reason) && message.contains("verify again"),
            "{reason}: {message}"
        );
    }
}

#[test]
fn a_value_that_was_never_readable_is_no_reason_and_one_that_is_readable_only_now_is() {
    let mut mute = conditions();
    target(&mut mute).system_identifier = None;
    target(&mut mute).position = None;
    assert_eq!(mute.still_hold(&mute, DAY, ENGINES), []);
    assert_eq!(mute.still_hold(&conditions(), DAY, ENGINES).len(), 2);
}

#[test]
fn a_table_whose_writes_were_never_counted_is_always_unknown() {
    let mut uncounted = conditions();
    uncounted.sides.source.tables.insert(table("items"), None);
    let reasons = uncounted.still_hold(&uncounted, DAY, ENGINES);
    assert!(matches!(&reasons[..], [Stale::NotCounted { .. }]), "{reasons:?}");
}

#[test]
fn all_reasons_of_both_sides_are_reported_at_once() {
    let mut now = conditions();
    for side in [&mut now.sides.source, &mut now.sides.target] {
        side.facts.server_version_num = 180_000;
        for counters in side.tables.values_mut().flatten() {
            counters.inserts += 1;
        }
    }
    assert_eq!(conditions().still_hold(&now, DAY, ENGINES).len(), 6);
}

#[test]
fn after_a_reset_counters_prove_nothing_but_other_files_do() {
    let mut now = conditions();
    target(&mut now).counted_since = c_time(0);
    counters(&mut now, "items").inserts = 0;
    counters(&mut now, "orders").storage.clear();
    let reasons = conditions().still_hold(&now, DAY, ENGINES);
    assert!(
        matches!(
            &reasons[..],
            [Stale::StatisticsReset { .. }, Stale::Rewritten { .. }]
        ),
        "{reasons:?}"
    );
}

#[test]
fn another_server_is_the_only_reason_reported_for_its_side() {
    let mut now = conditions();
    target(&mut now).system_identifier = Some(9_u64.into());
    counters(&mut now, "items").inserts += 1;
    now.sides.source.facts.server_version_num = 150_000;
    let reasons = conditions().still_hold(&now, DAY, ENGINES);
    assert!(
        matches!(
            &reasons[..],
            [Stale::OtherVersion { .. }, Stale::OtherServer { .. }]
        ),
        "{reasons:?}"
    );
}
