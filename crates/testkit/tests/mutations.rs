//! Every guard matters: with it taken out, in the system or in a stage, the laws see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use async_trait::async_trait;
use crossover_core::{
    AnyStage, Direction, Stage, StageContext, StageError, StageName,
    routing::{Command, Phase, Side},
};
use std::sync::Arc;

use crossover_stages::{abort, connection_drain, final_sync, registry};
use crossover_testkit::{
    Defect, Fault, LastingState, Machine, Scenario, Scripted,
    database::Prepared,
    executor::{Processes, Schedule, block_on},
    laws::{execute, wrong_at_the_end},
    state::State,
};
use machines::{cutover, entered};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the laws say about one run of a machine, in a system that is broken in this way from the start.
fn seen(machine: &Machine, scenario: &Scenario, defects: Option<Defect>) -> String {
    let before = scenario.lasting_state();
    scenario.shared.lock().defects.extend(defects);
    let ended = execute(machine, scenario, scenario.plan.clone());
    format!(
        "{}\n{}",
        ended.state,
        wrong_at_the_end(scenario, &before, true).join("\n")
    )
}

/// The same for a run that is aborted because the call of this name fails.
fn seen_in_an_abort(machine: &Machine, point: &str, fault: Fault, defects: Option<Defect>) -> String {
    let scenario = Scenario::busy();
    scenario.shared.script(Scripted::Named(point.to_owned(), fault));
    seen(machine, &scenario, defects)
}

/// The same for a system that is changed when the machine is about to enter this state.
fn from(state: &str, change: impl FnOnce(&mut State)) -> String {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    let data = entered(&scenario, state);
    change(&mut scenario.shared.lock());
    let machine = cutover();
    let ended = block_on(
        &scenario.shared,
        machine.execute_from(state, scenario.shared.clone(), data),
    );
    format!(
        "{}\n{}",
        ended.state,
        wrong_at_the_end(&scenario, &before, true).join("\n")
    )
}

fn assert_seen(what: &str, said: &str, words: &str) {
    assert!(
        said.contains(words),
        "{what} was not noticed: the laws said\n{said}"
    );
}

#[test]
fn an_unbroken_world_has_nothing_to_say() {
    assert_eq!(seen(&cutover(), &Scenario::busy(), None), "Committed\n");
    assert_eq!(
        seen_in_an_abort(&cutover(), "lane.apply(commit)", Fault::Refused, None),
        "AbortedAsAsked\n"
    );
}

#[test]
fn sessions_that_are_not_ended_are_noticed() {
    let said = seen(&cutover(), &Scenario::busy(), Some(Defect::SessionsStay));
    assert_seen(
        "a session that goes on",
        &said,
        "committed while writers were left: session",
    );
    assert_seen(
        "a write after the catch-up marker",
        &said,
        "is lost on the target",
    );
}

#[test]
fn a_role_that_inherits_a_writer_and_is_not_locked_is_noticed() {
    // A client that comes back is found by the drain's own looks, and the run aborts.
    let said = seen(&cutover(), &Scenario::busy(), Some(Defect::LockSparesMembers));
    assert_eq!(said, "AbortedAsAsked\n");
    // One that has not come yet is found by nobody but the laws.
    let said = seen(&cutover(), &Scenario::quiet(), Some(Defect::LockSparesMembers));
    assert_seen(
        "a login role that inherits",
        &said,
        "committed while writers were left: login of shop_app",
    );
}

#[test]
fn a_prepared_transaction_that_is_not_seen_is_noticed() {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    let data = entered(&scenario, "ConnectionDrain");
    scenario.shared.lock().defects.insert(Defect::PreparedUnseen);
    scenario.shared.lock().source.prepared.push(Prepared {
        gid: "late".to_owned(),
        owner: "shop_app".to_owned(),
    });
    let machine = cutover();
    block_on(
        &scenario.shared,
        machine.execute_from("ConnectionDrain", scenario.shared.clone(), data),
    );
    let said = wrong_at_the_end(&scenario, &before, true).join("\n");
    assert_seen(
        "a prepared transaction",
        &said,
        "committed while writers were left: prepared transaction late",
    );
}

#[test]
fn a_restoration_that_forgets_a_grant_is_noticed() {
    let said = seen_in_an_abort(
        &cutover(),
        "lane.apply(commit)",
        Fault::Refused,
        Some(Defect::RestoreForgetsConnect),
    );
    assert_seen("a lost CONNECT", &said, "access of the source was");
}

#[test]
fn a_lock_that_records_the_locked_state_is_noticed() {
    let said = seen_in_an_abort(
        &cutover(),
        "source.end_sessions",
        Fault::Unreachable,
        Some(Defect::LockRecordsAgain),
    );
    assert_seen("a second record", &said, "\n");
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    entered(&scenario, "FinalSync");
    scenario.shared.lock().defects.insert(Defect::LockRecordsAgain);
    let drain = Arc::new(connection_drain::ConnectionDrain) as Arc<dyn AnyStage>;
    scenario.stage(&drain, json!({})).unwrap();
    let abort = Arc::new(abort::Abort(registry)) as Arc<dyn AnyStage>;
    scenario.stage(&abort, json!({})).unwrap();
    assert_seen(
        "a record of the locked state",
        &wrong_at_the_end(&scenario, &before, true).join("\n"),
        "access of the source was",
    );
}

#[test]
fn a_marker_that_is_not_awaited_is_noticed() {
    let said = from("ConnectionDrain", |state| {
        state.behaviour.stream_ms = 400;
        state.defects.insert(Defect::MarkerNotAwaited);
    });
    assert_seen(
        "a commit on trust",
        &said,
        "committed with the catch-up marker seen 0 times",
    );
    assert_seen(
        "rows that were on their way",
        &said,
        "committed before every row had arrived",
    );
}

#[test]
fn a_marker_that_is_written_again_is_noticed() {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    entered(&scenario, "FinalSync");
    scenario.shared.lock().defects.insert(Defect::MarkerRepeats);
    let stage = Arc::new(final_sync::FinalSync) as Arc<dyn AnyStage>;
    for _ in 0..2 {
        scenario.shared.script(Scripted::Named(
            "target.count_markers".to_owned(),
            Fault::DiesBefore,
        ));
        assert!(scenario.stage(&stage, json!({"step": "commit"})).is_err());
    }
    scenario.wait(50);
    // The guard is in final-sync: exactly once, not at least once.
    let second = scenario.stage(&stage, json!({"step": "commit"})).unwrap_err();
    assert_eq!(second.name, "MarkerDuplicated");
    let abort = Arc::new(abort::Abort(registry)) as Arc<dyn AnyStage>;
    scenario.stage(&abort, json!({})).unwrap();
    assert_eq!(wrong_at_the_end(&scenario, &before, true), Vec::<String>::new());
}

#[test]
fn sequences_taken_from_the_largest_id_are_noticed() {
    let burnt = |broken: Option<Defect>| {
        from("FinalSync", |state| {
            state.burn(Side::Source, "order_ids", 5);
            state.burn(Side::Source, "refund_ids", 5);
            state.defects.extend(broken);
        })
    };
    assert_eq!(burnt(None), "Committed\n");
    let said = burnt(Some(Defect::SequencesByMaxId));
    assert_seen(
        "an id handed out twice",
        &said,
        "which is not beyond the other side's ids",
    );
}

#[test]
fn a_lane_without_compare_and_set_is_noticed() {
    let prepared = Scenario::busy();
    entered(&prepared, "FinalSync");
    prepared.shared.lock().defects.insert(Defect::LaneWithoutCas);
    let said: String = (0..200)
        .flat_map(|seed| {
            let scenario = prepared.copy();
            let commit: Arc<dyn AnyStage> = Arc::new(final_sync::FinalSync);
            let abort: Arc<dyn AnyStage> = Arc::new(abort::Abort(registry));
            let mut processes = Processes::new(&scenario.shared)
                .with(scenario.invocation(&commit, json!({"step": "commit"})))
                .with(scenario.invocation(&abort, json!({})));
            processes.drive(&mut Schedule::new(seed));
            scenario.shared.violations()
        })
        .collect();
    assert_seen(
        "two winners",
        &said,
        "commit and abort of run run-1 have both won",
    );
}

#[test]
fn a_lane_that_takes_a_late_commit_is_noticed() {
    let said = seen_in_an_abort(
        &cutover(),
        "lane.apply(commit)",
        Fault::Slow(9_000),
        Some(Defect::LaneWithoutDeadline),
    );
    // The alarm has aborted by then, so without the deadline in the commit the phase still refuses.
    assert!(said.starts_with("AbortedAsAsked\n"), "{said}");
    let scenario = Scenario::busy();
    scenario.shared.lock().defects.insert(Defect::LaneWithoutCas);
    scenario.shared.script(Scripted::Named(
        "lane.apply(commit)".to_owned(),
        Fault::Slow(9_000),
    ));
    let said = seen(&cutover(), &scenario, None);
    assert_seen(
        "a commit after the deadline",
        &said,
        "the commit was accepted after the deadline",
    );
}

#[test]
fn a_lane_that_falls_back_to_an_old_epoch_is_noticed() {
    let said = seen(&cutover(), &Scenario::busy(), Some(Defect::LaneForgetsEpoch));
    assert_seen("an epoch that does not grow", &said, "the epoch went from");
}

#[test]
fn a_slot_that_is_left_behind_is_noticed() {
    let said = seen_in_an_abort(
        &cutover(),
        "lane.apply(commit)",
        Fault::Refused,
        Some(Defect::SlotsStay),
    );
    assert_seen("a slot without an owner", &said, "slots of the target were");
}

#[test]
fn a_target_that_is_open_before_the_commit_is_refused_by_the_pre_check_and_noticed() {
    let scenario = Scenario::busy();
    scenario
        .shared
        .lock()
        .target
        .roles
        .get_mut("shop_owner")
        .unwrap()
        .can_login = true;
    let said = seen(&cutover(), &scenario, None);
    assert!(said.starts_with("Refused\n"), "{said}");
    assert_seen(
        "an open target",
        &said,
        "the target is not the writer and lets applications write: login of shop_owner",
    );
}

#[derive(Deserialize)]
struct Any(#[allow(dead_code, reason = "it takes whatever the machine sends")] Value);

/// An abort that unlocks the source before it has won.
struct HastyAbort;

#[async_trait]
impl Stage for HastyAbort {
    const NAME: StageName = StageName::new("abort");
    const PURPOSE: &'static str = "";
    type Input = Any;
    type Output = Value;

    async fn run(&self, ctx: &StageContext, _input: Any) -> Result<Value, StageError> {
        ctx.old_writer.restore(&ctx.plan.run_id).await?;
        let output = abort::Abort(registry).run(ctx, abort::Input::default()).await?;
        Ok(serde_json::to_value(output).unwrap())
    }
}

/// An abort that lets held writes go before the source is unlocked.
struct ReleaseFirst;

#[async_trait]
impl Stage for ReleaseFirst {
    const NAME: StageName = StageName::new("abort");
    const PURPOSE: &'static str = "";
    type Input = Any;
    type Output = Value;

    async fn run(&self, ctx: &StageContext, _input: Any) -> Result<Value, StageError> {
        let run_id = ctx.plan.run_id.clone();
        let lane = ctx.lane.read().await?;
        let lane = if lane.phase == Phase::Hold {
            ctx.command(
                &lane,
                Command::Abort {
                    run_id: run_id.clone(),
                },
            )
            .await?
        } else {
            lane
        };
        if lane.phase == Phase::Aborting {
            ctx.command(
                &lane,
                Command::Release {
                    run_id: run_id.clone(),
                },
            )
            .await?;
        }
        ctx.old_writer.restore(&run_id).await?;
        Ok(json!({ "outcome": "aborted" }))
    }
}

/// A final-sync that opens the target and only then commits.
struct OpensFirst;

#[async_trait]
impl Stage for OpensFirst {
    const NAME: StageName = final_sync::FinalSync::NAME;
    const PURPOSE: &'static str = "";
    type Input = final_sync::Input;
    type Output = Value;

    async fn run(&self, ctx: &StageContext, input: final_sync::Input) -> Result<Value, StageError> {
        if input.step == final_sync::Step::Commit
            && let Some(snapshot) = ctx.old_writer.snapshot().await?
        {
            ctx.new_writer.open(&snapshot).await?;
        }
        let output = final_sync::FinalSync.run(ctx, input).await?;
        Ok(serde_json::to_value(output).unwrap())
    }
}

/// A drain that trusts the edge and locks nobody out.
struct CourtesyOnly;

#[async_trait]
impl Stage for CourtesyOnly {
    const NAME: StageName = connection_drain::ConnectionDrain::NAME;
    const PURPOSE: &'static str = "";
    type Input = connection_drain::Input;
    type Output = Value;

    async fn run(&self, ctx: &StageContext, input: connection_drain::Input) -> Result<Value, StageError> {
        let output = connection_drain::ConnectionDrain.run(ctx, input).await?;
        ctx.old_writer.restore(&ctx.plan.run_id).await?;
        Ok(serde_json::to_value(output).unwrap())
    }
}

fn stage(stage: impl AnyStage + 'static) -> Machine {
    cutover().with(Arc::new(stage))
}

#[test]
fn an_abort_that_unlocks_before_it_has_won_is_noticed() {
    let said = seen_in_an_abort(&stage(HastyAbort), "lane.apply(commit)", Fault::Refused, None);
    assert_seen("an early unlock", &said, "the source was unlocked in phase hold");
    let lost = seen_in_an_abort(&stage(HastyAbort), "lane.apply(commit)", Fault::DiesAfter, None);
    assert_seen(
        "two open sides",
        &lost,
        "the source is not the writer and lets applications write",
    );
}

#[test]
fn an_abort_that_releases_before_it_unlocks_is_noticed() {
    let said = seen_in_an_abort(&stage(ReleaseFirst), "lane.apply(commit)", Fault::Refused, None);
    assert_seen(
        "a release to a locked side",
        &said,
        "held writes were released to the source, which is locked",
    );
}

#[test]
fn a_target_that_is_opened_before_the_commit_is_noticed() {
    let said = seen(&stage(OpensFirst), &Scenario::busy(), None);
    assert_seen(
        "an early opening",
        &said,
        "the target is not the writer and lets applications write",
    );
}

#[test]
fn a_drain_that_relies_on_the_edge_is_noticed() {
    let said = seen(&stage(CourtesyOnly), &Scenario::busy(), None);
    assert_seen(
        "an unlock in the hold",
        &said,
        "the source was unlocked in phase hold",
    );
}

#[test]
fn two_streams_at_once_are_noticed() {
    let scenario = Scenario::busy();
    let before: LastingState = scenario.lasting_state();
    assert_eq!(
        execute(&cutover(), &scenario, scenario.plan.clone()).state,
        "Committed"
    );
    let _ = scenario.run("run-1", Direction::Forward);
    scenario.shared.lock().start_task("there", None).unwrap();
    let said = wrong_at_the_end(&scenario, &before, true).join("\n");
    assert_seen(
        "a circle of streams",
        &said,
        "sends a change back to the side it came from",
    );
}
