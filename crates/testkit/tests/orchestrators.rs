//! Several orchestrators in one world: exactly one decision wins, and whoever comes late changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use std::sync::Arc;

use crossover_core::{AnyStage, Direction, routing::Phase};
use crossover_stages::{abort, connection_drain, final_sync, registry};
use crossover_testkit::{
    Fault, Scene, Scripted,
    executor::{Crew, Dice, block_on},
    laws::{execute, wrong_at_the_end},
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
    let prepared = Scene::busy();
    let before = prepared.picture();
    entered(&prepared, "FinalSync");
    for seed in 0..400 {
        let scene = prepared.copy();
        let mut crew = Crew::new(&scene.shared)
            .with(scene.invocation(&final_sync_stage(), json!({"step": "commit"})))
            .with(scene.invocation(&abort_stage(), json!({})))
            .with(scene.invocation(&final_sync_stage(), json!({"step": "commit"})));
        crew.drive(&mut Dice::new(seed));
        let ended = crew.ended();
        let (commits, aborts) = {
            let watch = &scene.shared.lock().watch;
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
            // Whoever lost the race may have ended with an error; the machine rolls forward.
            scene
                .stage(&final_sync_stage(), json!({"step": "commit"}))
                .unwrap();
        } else {
            scene.stage(&abort_stage(), json!({})).unwrap();
        }
        let wrong = wrong_at_the_end(&scene, &before, false);
        assert!(wrong.is_empty(), "seed {seed}: {ended:?}\n{}", wrong.join("\n"));
    }
    println!("{committed} commits, {aborted} aborts");
    assert!(
        committed > 20 && aborted > 20,
        "the orders are one-sided: {committed} commits, {aborted} aborts"
    );
}

#[test]
fn two_whole_cutovers_at_once_end_with_one_writer_and_a_way_back() {
    let machine = cutover();
    let mut ends = std::collections::BTreeMap::<_, usize>::new();
    for seed in 0..60 {
        let scene = Scene::busy();
        let before = scene.picture();
        let other = scene.run("run-2", Direction::Forward);
        let mut crew = Crew::new(&scene.shared)
            .with(machine.execute(scene.shared.clone(), scene.plan.clone()))
            .with(machine.execute(other.shared.clone(), other.plan));
        crew.drive(&mut Dice::new(seed));
        let ended: Vec<_> = crew.ended().into_iter().flatten().collect();
        let mut states: Vec<_> = ended.iter().map(|e| e.state.clone()).collect();
        let wrong = wrong_at_the_end(&scene, &before, true);
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
fn a_run_whose_way_back_another_run_removed_is_not_committed() {
    let scene = Scene::busy();
    let before = scene.picture();
    let data = entered(&scene, "ConnectionDrain");
    // Both runs prepared the way back of the migration; the other one gives up before this one arms the lane.
    scene
        .run("run-2", Direction::Forward)
        .stage(&abort_stage(), json!({}))
        .unwrap();
    let machine = cutover();
    let going_on = machine.execute_from("ConnectionDrain", scene.shared.clone(), data);
    let ended = block_on(&scene.shared, going_on);
    assert_eq!(ended.state, "AbortedAsAsked", "{:?}", ended.trail);
    assert_eq!(ended.data["error"]["Error"], "NoWayBack");
    assert_eq!(wrong_at_the_end(&scene, &before, true), Vec::<String>::new());
}

#[test]
fn an_abort_that_comes_after_the_commit_changes_nothing() {
    let scene = Scene::busy();
    let before = scene.picture();
    assert_eq!(execute(&cutover(), &scene, scene.plan.clone()).state, "Committed");
    let answer = scene.stage(&abort_stage(), json!({})).unwrap();
    assert_eq!(answer["output"]["outcome"], "committed");
    assert_eq!(wrong_at_the_end(&scene, &before, true), Vec::<String>::new());
}

#[test]
fn an_abort_of_the_cutover_that_comes_after_its_rollback_was_tried_opens_nothing() {
    let scene = Scene::busy();
    let before = scene.picture();
    assert_eq!(execute(&cutover(), &scene, scene.plan.clone()).state, "Committed");
    let back = scene.run("run-2", Direction::Reverse);
    for state in ["ConnectionDrain", "FinalSync"] {
        let copy = back.copy();
        let ended = execute(&rollback().until(state), &copy, copy.plan.clone());
        assert_eq!(ended.state, state);
        // The late abort of the cutover, while the rollback is under way and after it was aborted.
        let late = copy.run("run-1", Direction::Forward);
        let _ = late.stage(&abort_stage(), json!({}));
        copy.stage(&abort_stage(), json!({})).unwrap();
        let _ = late.stage(&abort_stage(), json!({}));
        let wrong = wrong_at_the_end(&copy, &before, true);
        assert!(wrong.is_empty(), "{state}\n{}", wrong.join("\n"));
    }
}

#[test]
fn a_drain_that_stood_still_while_its_run_was_aborted_leaves_no_lock_behind() {
    let stage: Arc<dyn AnyStage> = Arc::new(connection_drain::ConnectionDrain);
    let prepared = Scene::busy();
    let before = prepared.picture();
    entered(&prepared, "ConnectionDrain");
    let points = {
        let scene = prepared.copy();
        scene.shared.script(None);
        scene.stage(&stage, json!({})).unwrap();
        scene.shared.points()
    };
    let mut stuck = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let scene = prepared.copy();
        scene.shared.script(Scripted::Nth(index as u64, Fault::Freezes));
        let mut crew = Crew::new(&scene.shared).with(scene.invocation(&stage, json!({})));
        crew.drive(&mut Dice::new(0));
        scene.stage(&abort_stage(), json!({})).unwrap();
        scene.shared.thaw();
        crew.drive(&mut Dice::new(0));
        let wrong = wrong_at_the_end(&scene, &before, true);
        if !wrong.is_empty() {
            stuck.push(format!(
                "call {index} ({point}), ended {:?}: {}",
                crew.ended(),
                wrong.join("; ")
            ));
        }
    }
    assert!(stuck.is_empty(), "{}", stuck.join("\n"));
}

#[test]
fn a_final_sync_that_stood_still_while_its_run_was_aborted_changes_nothing() {
    let prepared = Scene::busy();
    let before = prepared.picture();
    entered(&prepared, "FinalSync");
    let points = {
        let scene = prepared.copy();
        scene.shared.script(None);
        scene
            .stage(&final_sync_stage(), json!({"step": "commit"}))
            .unwrap();
        scene.shared.points()
    };
    for (index, point) in points.iter().enumerate() {
        let scene = prepared.copy();
        scene.shared.script(Scripted::Nth(index as u64, Fault::Freezes));
        let mut crew =
            Crew::new(&scene.shared).with(scene.invocation(&final_sync_stage(), json!({"step": "commit"})));
        crew.drive(&mut Dice::new(0));
        let outcome = scene.stage(&abort_stage(), json!({})).unwrap()["output"]["outcome"].clone();
        scene.shared.thaw();
        crew.drive(&mut Dice::new(0));
        let wrong = wrong_at_the_end(&scene, &before, false);
        assert!(
            wrong.is_empty(),
            "call {index} ({point}), abort said {outcome}\n{}",
            wrong.join("\n")
        );
        let committed = scene.shared.lock().lane.phase == Phase::ServeTarget;
        assert_eq!(outcome == "committed", committed, "call {index} ({point})");
    }
}
