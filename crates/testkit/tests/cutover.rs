//! The whole cutover and the whole rollback, run by the state machines, with a fault at every port call.

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
    laws::{a_machine_survives_one_fault_anywhere, execute, run_without_faults},
};
use machines::{cutover, rollback};

/// The shop after a cutover, with the plan of its rollback.
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
fn a_cutover_without_faults_commits_and_loses_no_write() {
    let (scenario, points, ending) = run_without_faults(&cutover(), &Scenario::busy);
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
        "too few writes for this test: {source} at the source, {target} at the target"
    );
    println!(
        "{} port calls, {source} writes at the source, {target} at the target",
        points.len()
    );
}

#[test]
fn a_rollback_without_faults_commits_and_loses_no_write() {
    let (_, points, ending) = run_without_faults(&rollback(), &after_a_cutover);
    assert_eq!(
        ending.state, "Committed",
        "{:?}: {}",
        ending.trail, ending.data["error"]
    );
    println!("{} port calls", points.len());
}

#[test]
fn a_cutover_with_one_fault_commits_or_restores_the_system() {
    let may_end = ["Refused", "AbortedAsAsked", "UnprovenAfterCommit"];
    let (coverage, endings) =
        a_machine_survives_one_fault_anywhere(&cutover(), &Scenario::busy, &Fault::ALL, &may_end);
    println!("cutover: {coverage}\nends in {}", endings.join(", "));
    assert!(
        endings.iter().any(|e| e == "AbortedAsAsked") && endings.iter().any(|e| e == "Committed"),
        "{endings:?}"
    );
}

#[test]
fn a_rollback_with_one_fault_commits_or_restores_the_system() {
    let may_end = ["Refused", "AbortedAsAsked", "UnprovenAfterCommit"];
    let (coverage, endings) =
        a_machine_survives_one_fault_anywhere(&rollback(), &after_a_cutover, &Fault::ALL, &may_end);
    println!("rollback: {coverage}\nends in {}", endings.join(", "));
    assert!(
        endings.iter().any(|e| e == "AbortedAsAsked") && endings.iter().any(|e| e == "Committed"),
        "{endings:?}"
    );
}
