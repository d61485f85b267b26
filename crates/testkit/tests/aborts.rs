//! Abort after a death at any call: before the commit everything is as it was, after it the only way is forward.

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
    Fault, Scene, Scripted,
    laws::{execute, wrong_at_the_end},
    stage::PROCESS_ENDED,
};
use machines::{cutover, entered};
use serde_json::{Value, json};

/// A busy world where the cutover enters this state, with the picture of its beginning.
fn busy_at(state: &str) -> (Scene, crossover_testkit::Picture, Value) {
    let scene = Scene::busy();
    let before = scene.picture();
    let data = entered(&scene, state);
    (scene, before, data)
}

fn abort(scene: &Scene) -> String {
    let stage: Arc<dyn AnyStage> = Arc::new(abort::Abort(registry));
    let answer = scene
        .stage(&stage, json!({"cause": {"Error": "Test", "Cause": "asked for"}}))
        .unwrap();
    answer["output"]["outcome"].as_str().unwrap().to_owned()
}

/// Dies at every call of the stage, aborts, and rolls forward if the commit was first. Answers how often each happened.
fn walk(state: &str, stage: &Arc<dyn AnyStage>, input: &Value) -> (usize, usize) {
    let (scene, _, _) = busy_at(state);
    scene.shared.script(None);
    scene.stage(stage, input.clone()).unwrap();
    let points = scene.shared.points();
    let (mut aborted, mut committed) = (0, 0);
    for (index, point) in points.iter().enumerate() {
        for fault in [Fault::DiesBefore, Fault::DiesAfter] {
            let context = format!("{state}: {fault:?} at call {index} ({point})");
            let (scene, before, _) = busy_at(state);
            scene.shared.script(Scripted::Nth(index as u64, fault));
            let died = scene.stage(stage, input.clone()).unwrap_err();
            assert_eq!(died.name, PROCESS_ENDED, "{context}");
            let won = scene.shared.lock().lane.phase == Phase::Committed;
            let served = scene.shared.lock().lane.phase == Phase::ServeTarget;
            let outcome = abort(&scene);
            assert_eq!(
                outcome == "committed",
                won || served,
                "{context}: abort answers {outcome}"
            );
            if outcome == "committed" {
                committed += 1;
                assert_eq!(scene.shared.lock().watch.aborted, [], "{context}");
                scene
                    .stage(stage, input.clone())
                    .unwrap_or_else(|e| panic!("{context}: no way forward: {e:?}"));
                let wrong = wrong_at_the_end(&scene, &before, false);
                assert!(wrong.is_empty(), "{context}\n{}", wrong.join("\n"));
            } else {
                aborted += 1;
                let wrong = wrong_at_the_end(&scene, &before, true);
                assert!(wrong.is_empty(), "{context}\n{}", wrong.join("\n"));
                assert_eq!(abort(&scene), "aborted", "{context}: a second abort");
            }
        }
    }
    println!(
        "{state}: {} deaths, {aborted} aborted, {committed} rolled forward",
        points.len() * 2
    );
    (aborted, committed)
}

#[test]
fn abort_restores_everything_after_a_death_while_the_way_back_is_prepared() {
    let (_, committed) = walk(
        "PrepareWayBack",
        &(Arc::new(reverse_sync::ReverseSync) as _),
        &json!({"step": "prepare"}),
    );
    assert_eq!(committed, 0);
}

#[test]
fn abort_restores_everything_after_a_death_in_the_drain() {
    let (_, committed) = walk(
        "ConnectionDrain",
        &(Arc::new(connection_drain::ConnectionDrain) as _),
        &json!({}),
    );
    assert_eq!(committed, 0);
}

#[test]
fn abort_restores_before_the_commit_and_yields_after_it() {
    let (aborted, committed) = walk(
        "FinalSync",
        &(Arc::new(final_sync::FinalSync) as _),
        &json!({"step": "commit"}),
    );
    assert!(aborted > 0 && committed > 0);
}

#[test]
fn an_abort_that_dies_anywhere_is_finished_by_the_next_one() {
    let stage: Arc<dyn AnyStage> = Arc::new(abort::Abort(registry));
    let (scene, _, _) = busy_at("FinalSync");
    scene.shared.script(None);
    scene.stage(&stage, json!({})).unwrap();
    let points = scene.shared.points();
    for (index, point) in points.iter().enumerate() {
        for fault in Fault::ALL {
            let context = format!("{fault:?} at call {index} ({point})");
            let (scene, before, _) = busy_at("FinalSync");
            scene.shared.script(Scripted::Nth(index as u64, fault));
            let _ = scene.stage(&stage, json!({}));
            assert_eq!(abort(&scene), "aborted", "{context}");
            let wrong = wrong_at_the_end(&scene, &before, true);
            assert!(wrong.is_empty(), "{context}\n{}", wrong.join("\n"));
        }
    }
    println!("abort: {} fault points", points.len() * Fault::ALL.len());
}

#[test]
fn a_hold_whose_deadline_passes_in_final_sync_is_not_committed_and_the_source_serves_again() {
    for point in [
        "source.snapshot",
        "source.writers",
        "source.raise_fence",
        "target.advance_sequences",
        "lane.apply(commit)",
    ] {
        let (scene, before, data) = busy_at("FinalSync");
        scene
            .shared
            .script(Scripted::Named(point.to_owned(), Fault::Slow(9_000)));
        let machine = cutover();
        let going_on = machine.execute_from("FinalSync", scene.shared.clone(), data);
        let ended = crossover_testkit::executor::block_on(&scene.shared, going_on);
        assert_eq!(
            ended.state, "AbortedAsAsked",
            "{point}: {:?} {}",
            ended.trail, ended.data["error"]
        );
        assert_eq!(scene.shared.lock().watch.committed, [], "{point}");
        let wrong = wrong_at_the_end(&scene, &before, true);
        assert!(wrong.is_empty(), "{point}\n{}", wrong.join("\n"));
    }
}

#[test]
fn a_stream_that_stalls_or_repeats_itself_aborts_the_run() {
    for (disturbance, error) in [("stalls", "FenceNotSeen"), ("repeats itself", "FenceDuplicated")] {
        let (scene, before, data) = busy_at("FinalSync");
        {
            let behaviour = &mut scene.shared.lock().behaviour;
            behaviour.stream_duplicates = disturbance == "repeats itself";
            behaviour.stream_ms = if disturbance == "stalls" { 6_000 } else { 3 };
        }
        let machine = cutover();
        let going_on = machine.execute_from("FinalSync", scene.shared.clone(), data);
        let ended = crossover_testkit::executor::block_on(&scene.shared, going_on);
        assert_eq!(ended.state, "AbortedAsAsked", "the stream {disturbance}");
        assert_eq!(ended.data["error"]["Error"], error);
        let wrong = wrong_at_the_end(&scene, &before, true);
        assert!(wrong.is_empty(), "the stream {disturbance}\n{}", wrong.join("\n"));
    }
}

#[test]
fn a_prepared_transaction_that_appears_late_aborts_the_run() {
    for state in ["ConnectionDrain", "FinalSync"] {
        let (scene, before, data) = busy_at(state);
        let prepared = crossover_testkit::database::Prepared {
            gid: "late".to_owned(),
            owner: "shop_app".to_owned(),
        };
        scene.shared.lock().source.prepared.push(prepared);
        let machine = cutover();
        let ended = crossover_testkit::executor::block_on(
            &scene.shared,
            machine.execute_from(state, scene.shared.clone(), data),
        );
        assert_eq!(ended.state, "AbortedAsAsked", "{state}");
        assert_eq!(ended.data["error"]["Error"], "PreparedTransactions", "{state}");
        let wrong = wrong_at_the_end(&scene, &before, true);
        assert!(wrong.is_empty(), "{state}\n{}", wrong.join("\n"));
    }
}

#[test]
fn without_a_lag_figure_nothing_starts() {
    let scene = Scene::busy();
    let before = scene.picture();
    scene.shared.lock().behaviour.lag = None;
    let ended = execute(&cutover(), &scene, scene.plan.clone());
    assert_eq!(ended.state, "Refused");
    assert_eq!(ended.data["error"]["Error"], "ReplicationNotReady");
    assert_eq!(wrong_at_the_end(&scene, &before, true), Vec::<String>::new());
}
