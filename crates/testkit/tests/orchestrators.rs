//! Several orchestrators in one system: exactly one decision wins, and a later decision changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use std::sync::Arc;

use crossover_core::{
    AnyStage, Direction,
    routing::{Command, Phase, UnixMillis},
};
use crossover_stages::{abort, connection_drain, final_sync, registry};
use crossover_testkit::{
    Fault, Scenario, Scripted,
    executor::{Processes, Schedule, block_on},
    laws::{execute, violations_at_end},
};
use machines::{cutover, entered, rollback};
use serde_json::json;

fn abort_stage() -> Arc<dyn AnyStage> {
    Arc::new(abort::Abort(registry))
}

fn final_sync_stage() -> Arc<dyn AnyStage> {
    Arc::new(final_sync::FinalSync)
}

#[test]
fn of_commit_and_abort_exactly_one_wins_in_every_order() {
    let (mut committed, mut aborted) = (0, 0);
    let prepared = Scenario::busy();
    let before = prepared.lasting_state();
    entered(&prepared, "FinalSync");
    for seed in 0..400 {
        let scenario = prepared.copy();
        let mut processes = Processes::new(&scenario.shared)
            .with(scenario.invocation(&final_sync_stage(), json!({"step": "commit"})))
            .with(scenario.invocation(&abort_stage(), json!({})))
            .with(scenario.invocation(&final_sync_stage(), json!({"step": "commit"})));
        processes.run_until_done(&mut Schedule::new(seed));
        let ended = processes.ended();
        let (commits, aborts) = {
            let watch = &scenario.shared.lock().watch;
            (watch.committed.len(), watch.aborted.len())
        };
        assert_eq!(
            commits + aborts,
            1,
            "seed {seed}: {commits} commits and {aborts} aborts: {ended:?}"
        );
        committed += commits;
        aborted += aborts;
        if commits == 1 {
            // The process whose commit lost the race may have ended with an error; the machine rolls forward.
            scenario
                .stage(&final_sync_stage(), json!({"step": "commit"}))
                .unwrap();
        } else {
            scenario.stage(&abort_stage(), json!({})).unwrap();
        }
        let wrong = violations_at_end(&scenario, &before, false);
        assert!(wrong.is_empty(), "seed {seed}: {ended:?}\n{}", wrong.join("\n"));
    }
    println!("{committed} commits, {aborted} aborts");
    assert!(
        committed > 20 && aborted > 20,
        "both outcomes must be frequent: {committed} commits, {aborted} aborts"
    );
}

#[test]
fn two_whole_cutovers_at_once_end_with_one_writer_and_reverse_replication() {
    let machine = cutover();
    let mut ends = std::collections::BTreeMap::<_, usize>::new();
    for seed in 0..60 {
        let scenario = Scenario::busy();
        let before = scenario.lasting_state();
        let other = scenario.run("run-2", Direction::Forward);
        let mut processes = Processes::new(&scenario.shared)
            .with(machine.execute(scenario.shared.clone(), scenario.plan.clone()))
            .with(machine.execute(other.shared.clone(), other.plan));
        processes.run_until_done(&mut Schedule::new(seed));
        let ended: Vec<_> = processes.ended().into_iter().flatten().collect();
        let mut states: Vec<_> = ended.iter().map(|e| e.state.clone()).collect();
        let wrong = violations_at_end(&scenario, &before, true);
        assert!(
            wrong.is_empty(),
            "seed {seed}: {states:?} {:?}\n{}",
            ended.iter().map(|e| &e.trail).collect::<Vec<_>>(),
            wrong.join("\n")
        );
        states.sort();
        *ends.entry(states).or_default() += 1;
    }
    println!("{ends:?}");
}

#[test]
fn a_run_whose_reverse_replication_another_run_removed_is_not_committed() {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    let data = entered(&scenario, "ConnectionDrain");
    // Both runs prepared reverse replication of the migration; the other run aborts before this one arms the
    // lane.
    scenario
        .run("run-2", Direction::Forward)
        .stage(&abort_stage(), json!({}))
        .unwrap();
    let machine = cutover();
    let remaining_run = machine.execute_from("ConnectionDrain", scenario.shared.clone(), data);
    let ended = block_on(&scenario.shared, remaining_run);
    assert_eq!(ended.state, "AbortedAsAsked", "{:?}", ended.trail);
    assert_eq!(ended.data["error"]["Error"], "NoReverseReplication");
    assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
}

#[test]
fn an_abort_after_the_commit_changes_nothing() {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    assert_eq!(
        execute(&cutover(), &scenario, scenario.plan.clone()).state,
        "Committed"
    );
    let answer = scenario.stage(&abort_stage(), json!({})).unwrap();
    assert_eq!(answer["output"]["outcome"], "committed");
    assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
}

#[test]
fn an_abort_while_another_run_aborts_leaves_that_one_alone() {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    entered(&scenario, "FinalSync");
    {
        // The other run has decided its abort, and has not unlocked yet.
        let lane = &mut scenario.shared.lock().lane;
        let run_id = "run-1".to_owned();
        *lane = lane.next(&Command::Abort { run_id }, UnixMillis(0)).unwrap();
    }
    let answer = scenario
        .run("run-2", Direction::Forward)
        .stage(&abort_stage(), json!({}))
        .unwrap();
    assert_eq!(answer["output"]["outcome"], "aborted");
    assert_eq!(scenario.shared.lock().lane.phase, Phase::Aborting);
    scenario.stage(&abort_stage(), json!({})).unwrap();
    assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
}

#[test]
fn a_late_abort_of_the_cutover_unlocks_nothing_after_its_rollback_was_tried() {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    assert_eq!(
        execute(&cutover(), &scenario, scenario.plan.clone()).state,
        "Committed"
    );
    let back = scenario.run("run-2", Direction::Reverse);
    for state in ["ConnectionDrain", "FinalSync"] {
        let copy = back.copy();
        let ended = execute(&rollback().until(state), &copy, copy.plan.clone());
        assert_eq!(ended.state, state);
        // The late abort of the cutover runs during the rollback and again after the rollback was aborted.
        let late = copy.run("run-1", Direction::Forward);
        let _ = late.stage(&abort_stage(), json!({}));
        copy.stage(&abort_stage(), json!({})).unwrap();
        let _ = late.stage(&abort_stage(), json!({}));
        let wrong = violations_at_end(&copy, &before, true);
        assert!(wrong.is_empty(), "{state}\n{}", wrong.join("\n"));
    }
}

#[test]
fn a_drain_that_was_frozen_while_its_run_was_aborted_leaves_no_lock() {
    let stage: Arc<dyn AnyStage> = Arc::new(connection_drain::ConnectionDrain);
    let prepared = Scenario::busy();
    let before = prepared.lasting_state();
    entered(&prepared, "ConnectionDrain");
    let points = {
        let scenario = prepared.copy();
        scenario.shared.script(None);
        scenario.stage(&stage, json!({})).unwrap();
        scenario.shared.points()
    };
    let mut stuck = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let scenario = prepared.copy();
        scenario
            .shared
            .script(Scripted::Nth(index as u64, Fault::Freezes));
        let mut processes = Processes::new(&scenario.shared).with(scenario.invocation(&stage, json!({})));
        processes.run_until_done(&mut Schedule::new(0));
        scenario.stage(&abort_stage(), json!({})).unwrap();
        scenario.shared.thaw();
        processes.run_until_done(&mut Schedule::new(0));
        let wrong = violations_at_end(&scenario, &before, true);
        if !wrong.is_empty() {
            stuck.push(format!(
                "call {index} ({point}), ended {:?}: {}",
                processes.ended(),
                wrong.join("; ")
            ));
        }
    }
    assert!(stuck.is_empty(), "{}", stuck.join("\n"));
}

#[test]
fn a_final_sync_that_was_frozen_while_its_run_was_aborted_changes_nothing() {
    let prepared = Scenario::busy();
    let before = prepared.lasting_state();
    entered(&prepared, "FinalSync");
    let points = {
        let scenario = prepared.copy();
        scenario.shared.script(None);
        scenario
            .stage(&final_sync_stage(), json!({"step": "commit"}))
            .unwrap();
        scenario.shared.points()
    };
    for (index, point) in points.iter().enumerate() {
        let scenario = prepared.copy();
        scenario
            .shared
            .script(Scripted::Nth(index as u64, Fault::Freezes));
        let mut processes = Processes::new(&scenario.shared)
            .with(scenario.invocation(&final_sync_stage(), json!({"step": "commit"})));
        processes.run_until_done(&mut Schedule::new(0));
        let outcome = scenario.stage(&abort_stage(), json!({})).unwrap()["output"]["outcome"].clone();
        scenario.shared.thaw();
        processes.run_until_done(&mut Schedule::new(0));
        let wrong = violations_at_end(&scenario, &before, false);
        assert!(
            wrong.is_empty(),
            "call {index} ({point}), outcome of the abort: {outcome}\n{}",
            wrong.join("\n")
        );
        let committed = scenario.shared.lock().lane.phase == Phase::ServeTarget;
        assert_eq!(outcome == "committed", committed, "call {index} ({point})");
    }
}
