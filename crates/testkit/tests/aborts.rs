//! Abort after a process was killed at any port call: before the commit the system is restored, after the
//! commit the run rolls forward.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use std::sync::Arc;

use crossover_core::{AnyStage, routing::Phase};
use crossover_stages::{abort, connection_drain, final_sync, registry, reverse_sync};
use crossover_testkit::{
    Fault, Scenario, Scripted,
    laws::{execute, violations_at_end},
    stage::PROCESS_ENDED,
};
use machines::{cutover, entered};
use serde_json::{Value, json};

/// The busy system when the cutover enters this state, the lasting state at the start, and the machine's
/// data.
fn busy_at(state: &str) -> (Scenario, crossover_testkit::LastingState, Value) {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    let data = entered(&scenario, state);
    (scenario, before, data)
}

fn abort(scenario: &Scenario) -> String {
    let stage: Arc<dyn AnyStage> = Arc::new(abort::Abort(registry));
    let answer = scenario
        .stage(&stage, json!({"cause": {"Error": "Test", "Cause": "asked for"}}))
        .unwrap();
    answer["output"]["outcome"].as_str().unwrap().to_owned()
}

/// Kills the stage's process at every port call, aborts, and rolls forward if the commit was first. Returns
/// the numbers of aborted and of committed runs.
fn kill_at_every_call(state: &str, stage: &Arc<dyn AnyStage>, input: &Value) -> (usize, usize) {
    let (scenario, _, _) = busy_at(state);
    scenario.shared.script(None);
    scenario.stage(stage, input.clone()).unwrap();
    let points = scenario.shared.points();
    let (mut aborted, mut committed) = (0, 0);
    for (index, point) in points.iter().enumerate() {
        for fault in [Fault::DiesBefore, Fault::DiesAfter] {
            let context = format!("{state}: {fault:?} at call {index} ({point})");
            let (scenario, before, _) = busy_at(state);
            scenario.shared.script(Scripted::Nth(index as u64, fault));
            let died = scenario.stage(stage, input.clone()).unwrap_err();
            assert_eq!(died.name, PROCESS_ENDED, "{context}");
            let won = scenario.shared.lock().lane.phase == Phase::Committed;
            let served = scenario.shared.lock().lane.phase == Phase::ServeTarget;
            let outcome = abort(&scenario);
            assert_eq!(
                outcome == "committed",
                won || served,
                "{context}: outcome of the abort: {outcome}"
            );
            if outcome == "committed" {
                committed += 1;
                assert_eq!(scenario.shared.lock().watch.aborted, [], "{context}");
                scenario
                    .stage(stage, input.clone())
                    .unwrap_or_else(|e| panic!("{context}: the run does not roll forward: {e:?}"));
                let wrong = violations_at_end(&scenario, &before, false);
                assert!(wrong.is_empty(), "{context}\n{}", wrong.join("\n"));
            } else {
                aborted += 1;
                let wrong = violations_at_end(&scenario, &before, true);
                assert!(wrong.is_empty(), "{context}\n{}", wrong.join("\n"));
                assert_eq!(abort(&scenario), "aborted", "{context}: a second abort");
            }
        }
    }
    println!(
        "{state}: {} kills, {aborted} aborted, {committed} rolled forward",
        points.len() * 2
    );
    (aborted, committed)
}

#[test]
fn abort_restores_the_system_after_a_kill_during_the_preparation_of_reverse_replication() {
    let (_, committed) = kill_at_every_call(
        "PrepareReverseReplication",
        &(Arc::new(reverse_sync::ReverseSync) as _),
        &json!({"step": "prepare"}),
    );
    assert_eq!(committed, 0);
}

#[test]
fn abort_restores_the_system_after_a_kill_during_the_drain() {
    let (_, committed) = kill_at_every_call(
        "ConnectionDrain",
        &(Arc::new(connection_drain::ConnectionDrain) as _),
        &json!({}),
    );
    assert_eq!(committed, 0);
}

#[test]
fn abort_restores_before_the_commit_and_reports_the_commit_afterwards() {
    let (aborted, committed) = kill_at_every_call(
        "FinalSync",
        &(Arc::new(final_sync::FinalSync) as _),
        &json!({"step": "commit"}),
    );
    assert!(aborted > 0 && committed > 0);
}

#[test]
fn an_abort_with_a_fault_at_any_call_is_completed_by_the_next_abort() {
    let stage: Arc<dyn AnyStage> = Arc::new(abort::Abort(registry));
    let (scenario, _, _) = busy_at("FinalSync");
    scenario.shared.script(None);
    scenario.stage(&stage, json!({})).unwrap();
    let points = scenario.shared.points();
    for (index, point) in points.iter().enumerate() {
        for fault in Fault::ALL {
            let context = format!("{fault:?} at call {index} ({point})");
            let (scenario, before, _) = busy_at("FinalSync");
            scenario.shared.script(Scripted::Nth(index as u64, fault));
            let _ = scenario.stage(&stage, json!({}));
            assert_eq!(abort(&scenario), "aborted", "{context}");
            let wrong = violations_at_end(&scenario, &before, true);
            assert!(wrong.is_empty(), "{context}\n{}", wrong.join("\n"));
        }
    }
    println!("abort: {} fault points", points.len() * Fault::ALL.len());
}

#[test]
fn a_final_sync_past_the_hold_deadline_is_aborted_and_the_source_serves_again() {
    for point in [
        "source.snapshot",
        "source.writers",
        "source.write_marker",
        "target.advance_sequences",
        "lane.apply(commit)",
    ] {
        let (scenario, before, data) = busy_at("FinalSync");
        scenario
            .shared
            .script(Scripted::Named(point.to_owned(), Fault::Slow(9_000)));
        let machine = cutover();
        let remaining_run = machine.execute_from("FinalSync", scenario.shared.clone(), data);
        let ended = crossover_testkit::executor::block_on(&scenario.shared, remaining_run);
        assert_eq!(
            ended.state, "AbortedAsAsked",
            "{point}: {:?} {}",
            ended.trail, ended.data["error"]
        );
        assert_eq!(scenario.shared.lock().watch.committed, [], "{point}");
        let wrong = violations_at_end(&scenario, &before, true);
        assert!(wrong.is_empty(), "{point}\n{}", wrong.join("\n"));
    }
}

#[test]
fn a_stream_that_stalls_or_applies_twice_aborts_the_run() {
    for (disturbance, error) in [("stalls", "MarkerNotSeen"), ("applies twice", "MarkerDuplicated")] {
        let (scenario, before, data) = busy_at("FinalSync");
        {
            let behaviour = &mut scenario.shared.lock().behaviour;
            behaviour.stream_duplicates = disturbance == "applies twice";
            behaviour.stream_ms = if disturbance == "stalls" { 6_000 } else { 3 };
        }
        let machine = cutover();
        let remaining_run = machine.execute_from("FinalSync", scenario.shared.clone(), data);
        let ended = crossover_testkit::executor::block_on(&scenario.shared, remaining_run);
        assert_eq!(ended.state, "AbortedAsAsked", "the stream {disturbance}");
        assert_eq!(ended.data["error"]["Error"], error);
        let wrong = violations_at_end(&scenario, &before, true);
        assert!(wrong.is_empty(), "the stream {disturbance}\n{}", wrong.join("\n"));
    }
}

#[test]
fn a_late_prepared_transaction_aborts_the_run() {
    for state in ["ConnectionDrain", "FinalSync"] {
        let (scenario, before, data) = busy_at(state);
        let prepared = crossover_testkit::database::Prepared {
            gid: "late".to_owned(),
            owner: "shop_app".to_owned(),
        };
        scenario.shared.lock().source.prepared.push(prepared);
        let machine = cutover();
        let ended = crossover_testkit::executor::block_on(
            &scenario.shared,
            machine.execute_from(state, scenario.shared.clone(), data),
        );
        assert_eq!(ended.state, "AbortedAsAsked", "{state}");
        assert_eq!(ended.data["error"]["Error"], "PreparedTransactions", "{state}");
        let wrong = violations_at_end(&scenario, &before, true);
        assert!(wrong.is_empty(), "{state}\n{}", wrong.join("\n"));
    }
}

#[test]
fn a_run_without_a_lag_figure_is_refused() {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    scenario.shared.lock().behaviour.lag = None;
    let ended = execute(&cutover(), &scenario, scenario.plan.clone());
    assert_eq!(ended.state, "Refused");
    assert_eq!(ended.data["error"]["Error"], "ReplicationNotReady");
    assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
}
