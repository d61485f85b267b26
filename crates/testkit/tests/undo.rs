//! The abort undoes every stage in the registry, from the last to the first, before or after the release as
//! the stage requires.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use std::sync::Arc;

use async_trait::async_trait;
use crossover_core::{
    AnyStage, Direction, Registry, Stage, StageContext, StageError, StageName,
    ports::{JournalEntry, PortError},
    routing::{Phase, UnixMillis},
    stage::UndoTime,
};
use crossover_stages::{abort, registry};
use crossover_testkit::{
    Fault, Scenario, Scripted,
    executor::{Processes, Schedule},
    laws::{execute, violations_at_end},
};
use machines::{cutover, entered};
use serde_json::{Value, json};

const SLOT: &str = "slot_of_a_new_stage";

/// An added stage that leaves a slot at the new writer and keeps the default time of its undo.
struct LeavesASlot;

#[async_trait]
impl Stage for LeavesASlot {
    const NAME: StageName = StageName::new("leaves-a-slot");
    const PURPOSE: &'static str = "";
    type Input = Value;
    type Output = ();

    async fn run(&self, ctx: &StageContext, _input: Value) -> Result<(), StageError> {
        ctx.new_writer.writes.retain_position(SLOT).await?;
        Ok(())
    }

    async fn undo(&self, ctx: &StageContext) -> Result<Vec<String>, StageError> {
        ctx.new_writer.writes.release_position(SLOT).await?;
        Ok(vec![format!("slot {SLOT}")])
    }
}

/// A stage whose undo records the lane's phase in the journal.
struct Noted<const NUMBER: u8, const IN_TIME: bool>;

#[async_trait]
impl<const NUMBER: u8, const IN_TIME: bool> Stage for Noted<NUMBER, IN_TIME> {
    const NAME: StageName = StageName::new("noted");
    const PURPOSE: &'static str = "";
    const UNDO_TIME: UndoTime = if IN_TIME {
        UndoTime::BeforeRelease
    } else {
        UndoTime::AfterRelease
    };
    type Input = Value;
    type Output = ();

    async fn run(&self, _ctx: &StageContext, _input: Value) -> Result<(), StageError> {
        Ok(())
    }

    async fn undo(&self, ctx: &StageContext) -> Result<Vec<String>, StageError> {
        let phase = ctx.lane.read().await?.phase;
        let entry = JournalEntry {
            migration_id: String::new(),
            run_id: String::new(),
            lane: String::new(),
            stage: format!("noted-{NUMBER}"),
            event: phase.to_string(),
            at_ms: UnixMillis(0),
            detail: Value::Null,
        };
        ctx.journal.append(entry).await?;
        Ok(Vec::new())
    }
}

/// A stage whose undo fails.
struct CannotUndo<const IN_TIME: bool>;

#[async_trait]
impl<const IN_TIME: bool> Stage for CannotUndo<IN_TIME> {
    const NAME: StageName = StageName::new("cannot-undo");
    const PURPOSE: &'static str = "";
    const UNDO_TIME: UndoTime = Noted::<0, IN_TIME>::UNDO_TIME;
    type Input = Value;
    type Output = ();

    async fn run(&self, _ctx: &StageContext, _input: Value) -> Result<(), StageError> {
        Ok(())
    }

    async fn undo(&self, _ctx: &StageContext) -> Result<Vec<String>, StageError> {
        Err(PortError::refused("the new stage", "it cannot put anything back").into())
    }
}

fn abort_over(stages: fn() -> Registry) -> Arc<dyn AnyStage> {
    Arc::new(abort::Abort(stages))
}

#[test]
fn a_stage_that_is_added_to_the_registry_is_undone() {
    let (scenario, added) = (Scenario::busy(), Arc::new(LeavesASlot) as Arc<dyn AnyStage>);
    let before = scenario.lasting_state();
    entered(&scenario, "FinalSync");
    scenario.stage(&added, Value::Null).unwrap();
    let answer = scenario
        .stage(&abort_over(|| registry().with(LeavesASlot)), json!({}))
        .unwrap();
    assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
    let undone = answer["output"]["undone"].as_array().unwrap();
    let stages: Vec<&str> = undone.iter().map(|u| u["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["connection-drain", "leaves-a-slot", "reverse-sync"]);
    assert_eq!(undone[1]["objects"], json!([format!("slot {SLOT}")]));
}

#[test]
fn stages_are_undone_from_the_last_to_the_first_around_the_release() {
    let scenario = Scenario::busy();
    entered(&scenario, "FinalSync");
    let stages = || {
        registry()
            .with(Noted::<1, false>)
            .with(Noted::<2, true>)
            .with(Noted::<3, false>)
            .with(Noted::<4, true>)
    };
    scenario.stage(&abort_over(stages), json!({})).unwrap();
    let state = scenario.shared.lock();
    let noted: Vec<String> = state
        .journal
        .iter()
        .filter(|entry| entry.stage.starts_with("noted"))
        .map(|entry| format!("{} {}", entry.stage, entry.event))
        .collect();
    assert_eq!(
        noted,
        [
            "noted-4 aborting",
            "noted-2 aborting",
            "noted-3 serve_source",
            "noted-1 serve_source"
        ]
    );
}

#[test]
fn other_stages_are_undone_although_one_undo_fails() {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    entered(&scenario, "FinalSync");
    let failure = scenario
        .stage(&abort_over(|| registry().with(CannotUndo::<false>)), json!({}))
        .unwrap_err();
    assert!(failure.text.contains("cannot put anything back"), "{failure:?}");
    assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
}

#[test]
fn held_writes_are_not_released_while_an_undo_due_before_the_release_fails() {
    let scenario = Scenario::busy();
    entered(&scenario, "FinalSync");
    let failure = scenario
        .stage(&abort_over(|| registry().with(CannotUndo::<true>)), json!({}))
        .unwrap_err();
    assert!(failure.text.contains("cannot put anything back"), "{failure:?}");
    let state = scenario.shared.lock();
    assert_eq!(state.lane.phase, Phase::Aborting);
    assert_eq!(state.watch.violations, Vec::<String>::new());
}

#[test]
fn an_abort_that_was_frozen_removes_nothing_after_a_later_run_has_committed() {
    let prepared = Scenario::busy();
    let before = prepared.lasting_state();
    entered(&prepared, "FinalSync");
    let last_lane_read = {
        let scenario = prepared.copy();
        scenario.shared.script(None);
        scenario.stage(&abort_over(registry), json!({})).unwrap();
        let points = scenario.shared.points();
        points.iter().rposition(|point| point == "lane.read").unwrap()
    };
    let scenario = prepared.copy();
    scenario
        .shared
        .script(Scripted::Nth(last_lane_read as u64, Fault::Freezes));
    let mut processes =
        Processes::new(&scenario.shared).with(scenario.invocation(&abort_over(registry), json!({})));
    processes.run_until_done(&mut Schedule::new(0));
    let later = scenario.run("run-2", Direction::Forward);
    let ended = execute(&cutover(), &later, later.plan.clone());
    assert_eq!(ended.state, "Committed", "{}", ended.data["error"]);
    scenario.shared.thaw();
    processes.run_until_done(&mut Schedule::new(0));
    assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
}
