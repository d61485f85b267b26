//! The whole cutover and the whole rollback, as the state machines order them, with a fault at every port call.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use std::sync::OnceLock;

use crossover_core::Direction;
use crossover_testkit::{
    Fault, Scenario,
    laws::{a_machine_survives_one_fault_anywhere, execute, undisturbed},
};
use machines::{cutover, rollback};

/// A shop that has been cut over and is about to go back.
fn after_a_cutover() -> Scenario {
    static ONCE: OnceLock<Scenario> = OnceLock::new();
    let scenario = ONCE.get_or_init(|| {
        let scenario = Scenario::busy();
        let ended = execute(&cutover(), &scenario, scenario.plan.clone());
        assert_eq!(ended.state, "Committed", "{}", ended.data["error"]);
        scenario.wait(500);
        scenario.run("run-2", Direction::Reverse)
    });
    scenario.copy()
}

#[test]
fn an_undisturbed_cutover_commits_and_loses_nothing() {
    let (scenario, points, ending) = undisturbed(&cutover(), &Scenario::busy);
    assert_eq!(
        ending.state, "Committed",
        "{:?}: {}",
        ending.trail, ending.data["error"]
    );
    let state = scenario.shared.lock();
    let at = |side| state.traffic.ledger.iter().filter(|a| a.at == side).count();
    let (source, target) = (
        at(crossover_core::routing::Side::Source),
        at(crossover_core::routing::Side::Target),
    );
    assert!(
        source > 20 && target > 20,
        "there was no traffic to speak of: {source} and {target} writes"
    );
    println!(
        "{} port calls, {source} writes at the source, {target} at the target",
        points.len()
    );
}

#[test]
fn an_undisturbed_rollback_commits_and_loses_nothing() {
    let (_, points, ending) = undisturbed(&rollback(), &after_a_cutover);
    assert_eq!(
        ending.state, "Committed",
        "{:?}: {}",
        ending.trail, ending.data["error"]
    );
    println!("{} port calls", points.len());
}

#[test]
fn one_fault_anywhere_in_a_cutover_ends_in_committed_or_as_before() {
    let may_end = ["Refused", "AbortedAsAsked", "UnprovenAfterCommit"];
    let (walked, endings) =
        a_machine_survives_one_fault_anywhere(&cutover(), &Scenario::busy, &Fault::ALL, &may_end);
    println!("cutover: {walked}\nends in {}", endings.join(", "));
    assert!(
        endings.iter().any(|e| e == "AbortedAsAsked") && endings.iter().any(|e| e == "Committed"),
        "{endings:?}"
    );
}

#[test]
fn one_fault_anywhere_in_a_rollback_ends_in_committed_or_as_before() {
    let may_end = ["Refused", "AbortedAsAsked", "UnprovenAfterCommit"];
    let (walked, endings) =
        a_machine_survives_one_fault_anywhere(&rollback(), &after_a_cutover, &Fault::ALL, &may_end);
    println!("rollback: {walked}\nends in {}", endings.join(", "));
    assert!(
        endings.iter().any(|e| e == "AbortedAsAsked") && endings.iter().any(|e| e == "Committed"),
        "{endings:?}"
    );
}
