//! Every guard is needed: when a defect removes one, in the system or in a stage, the laws report a
//! violation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use async_trait::async_trait;
use crossover_core::{
    AnyStage, Direction, Stage, StageContext, StageError, StageName, Stream,
    routing::{Command, Phase, Side},
};
use std::sync::Arc;

use crossover_stages::{abort, connection_drain, final_sync, registry};
use crossover_testkit::{
    Defect, Fault, LastingState, Machine, Scenario, Scripted,
    database::Prepared,
    executor::{Processes, Schedule, block_on},
    laws::{execute, violations_at_end},
    state::State,
};
use machines::{cutover, entered};
use serde::Deserialize;
use serde_json::{Value, json};

/// The last state and the violations of one run of a machine, in a system with this defect from the start.
fn violations_of_run(machine: &Machine, scenario: &Scenario, defect: Option<Defect>) -> String {
    let before = scenario.lasting_state();
    scenario.shared.lock().defects.extend(defect);
    let ended = execute(machine, scenario, scenario.plan.clone());
    format!(
        "{}\n{}",
        ended.state,
        violations_at_end(scenario, &before, true).join("\n")
    )
}

/// The same for a busy system in which the port call named `point` has a fault.
fn violations_of_abort(machine: &Machine, point: &str, fault: Fault, defect: Option<Defect>) -> String {
    let scenario = Scenario::busy();
    scenario.shared.script(Scripted::Named(point.to_owned(), fault));
    violations_of_run(machine, &scenario, defect)
}

/// The same for a busy system that is changed just before the machine enters this state.
fn violations_after_change(state: &str, change: impl FnOnce(&mut State)) -> String {
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
        violations_at_end(&scenario, &before, true).join("\n")
    )
}

fn assert_reported(what: &str, violations: &str, expected: &str) {
    assert!(
        violations.contains(expected),
        "{what} was not reported; the run ended with\n{violations}"
    );
}

#[test]
fn a_system_without_defects_has_no_violations() {
    assert_eq!(
        violations_of_run(&cutover(), &Scenario::busy(), None),
        "Committed\n"
    );
    assert_eq!(
        violations_of_abort(&cutover(), "lane.apply(commit)", Fault::Refused, None),
        "AbortedAsAsked\n"
    );
}

#[test]
fn sessions_that_are_not_ended_are_reported() {
    let violations = violations_of_run(&cutover(), &Scenario::busy(), Some(Defect::SessionsStay));
    assert_reported(
        "a session that is not ended",
        &violations,
        "committed while writers were left: session",
    );
    assert_reported(
        "a write after the catch-up marker",
        &violations,
        "is lost on the target",
    );
}

#[test]
fn an_unlocked_role_that_inherits_write_rights_is_reported() {
    // The drain's own checks find a client that reconnects, and the run aborts.
    let violations = violations_of_run(&cutover(), &Scenario::busy(), Some(Defect::LockSparesMembers));
    assert_eq!(violations, "AbortedAsAsked\n");
    // Without clients only the laws find the login role.
    let violations = violations_of_run(&cutover(), &Scenario::quiet(), Some(Defect::LockSparesMembers));
    assert_reported(
        "a login role that inherits",
        &violations,
        "committed while writers were left: login of shop_app",
    );
}

#[test]
fn a_prepared_transaction_missing_from_the_samples_is_reported() {
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
    let violations = violations_at_end(&scenario, &before, true).join("\n");
    assert_reported(
        "a prepared transaction",
        &violations,
        "committed while writers were left: prepared transaction late",
    );
}

#[test]
fn a_restoration_without_connect_is_reported() {
    let violations = violations_of_abort(
        &cutover(),
        "lane.apply(commit)",
        Fault::Refused,
        Some(Defect::RestoreForgetsConnect),
    );
    assert_reported("a lost CONNECT", &violations, "access of the source was");
}

#[test]
fn a_lock_that_records_the_locked_state_is_reported() {
    let violations = violations_of_abort(
        &cutover(),
        "source.end_sessions",
        Fault::Unreachable,
        Some(Defect::LockRecordsAgain),
    );
    assert_reported("a second record", &violations, "\n");
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    entered(&scenario, "FinalSync");
    scenario.shared.lock().defects.insert(Defect::LockRecordsAgain);
    let drain = Arc::new(connection_drain::ConnectionDrain) as Arc<dyn AnyStage>;
    scenario.stage(&drain, json!({})).unwrap();
    let abort = Arc::new(abort::Abort(registry)) as Arc<dyn AnyStage>;
    scenario.stage(&abort, json!({})).unwrap();
    assert_reported(
        "a record of the locked state",
        &violations_at_end(&scenario, &before, true).join("\n"),
        "access of the source was",
    );
}

#[test]
fn a_marker_that_is_not_awaited_is_reported() {
    let violations = violations_after_change("ConnectionDrain", |state| {
        state.behaviour.stream_ms = 400;
        state.defects.insert(Defect::MarkerNotAwaited);
    });
    assert_reported(
        "a commit without the marker",
        &violations,
        "committed with the catch-up marker seen 0 times",
    );
    assert_reported(
        "rows that have not arrived",
        &violations,
        "committed before every row had arrived",
    );
}

#[test]
fn a_marker_that_is_written_twice_is_refused_by_final_sync() {
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
    assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
}

#[test]
fn sequence_positions_taken_from_the_largest_id_are_reported() {
    let with_rolled_back_ids = |defect: Option<Defect>| {
        violations_after_change("FinalSync", |state| {
            state.roll_back_ids(Side::Source, "order_ids", 5);
            state.roll_back_ids(Side::Source, "refund_ids", 5);
            state.defects.extend(defect);
        })
    };
    assert_eq!(with_rolled_back_ids(None), "Committed\n");
    let violations = with_rolled_back_ids(Some(Defect::SequencesByMaxId));
    assert_reported(
        "an id handed out twice",
        &violations,
        "which is not beyond the other side's ids",
    );
}

#[test]
fn a_lane_without_compare_and_set_is_reported() {
    let prepared = Scenario::busy();
    entered(&prepared, "FinalSync");
    prepared.shared.lock().defects.insert(Defect::LaneWithoutCas);
    let violations: String = (0..200)
        .flat_map(|seed| {
            let scenario = prepared.copy();
            let commit: Arc<dyn AnyStage> = Arc::new(final_sync::FinalSync);
            let abort: Arc<dyn AnyStage> = Arc::new(abort::Abort(registry));
            let mut processes = Processes::new(&scenario.shared)
                .with(scenario.invocation(&commit, json!({"step": "commit"})))
                .with(scenario.invocation(&abort, json!({})));
            processes.run_until_done(&mut Schedule::new(seed));
            scenario.shared.violations()
        })
        .collect();
    assert_reported(
        "a commit and an abort of one run",
        &violations,
        "commit and abort of run run-1 have both won",
    );
}

#[test]
fn a_lane_that_accepts_a_late_commit_is_reported() {
    let violations = violations_of_abort(
        &cutover(),
        "lane.apply(commit)",
        Fault::Slow(9_000),
        Some(Defect::LaneWithoutDeadline),
    );
    // The alarm has aborted by then, so without the deadline in the commit the phase still refuses.
    assert!(violations.starts_with("AbortedAsAsked\n"), "{violations}");
    let scenario = Scenario::busy();
    scenario.shared.lock().defects.insert(Defect::LaneWithoutCas);
    scenario.shared.script(Scripted::Named(
        "lane.apply(commit)".to_owned(),
        Fault::Slow(9_000),
    ));
    let violations = violations_of_run(&cutover(), &scenario, None);
    assert_reported(
        "a commit after the deadline",
        &violations,
        "the commit was accepted after the deadline",
    );
}

#[test]
fn a_lane_that_returns_to_an_old_epoch_is_reported() {
    let violations = violations_of_run(&cutover(), &Scenario::busy(), Some(Defect::LaneForgetsEpoch));
    assert_reported("an epoch that does not grow", &violations, "the epoch went from");
}

#[test]
fn a_retained_position_that_is_not_released_is_reported() {
    let violations = violations_of_abort(
        &cutover(),
        "lane.apply(commit)",
        Fault::Refused,
        Some(Defect::RetainedPositionsStay),
    );
    assert_reported(
        "a retained position that no run owns",
        &violations,
        "retained positions of the target were",
    );
}

#[test]
fn a_target_that_is_writable_before_the_commit_is_refused_by_pre_check_and_reported() {
    let scenario = Scenario::busy();
    scenario
        .shared
        .lock()
        .target
        .roles
        .get_mut("shop_owner")
        .unwrap()
        .can_login = true;
    let violations = violations_of_run(&cutover(), &scenario, None);
    assert!(violations.starts_with("Refused\n"), "{violations}");
    assert_reported(
        "a writable target",
        &violations,
        "the target is not the writer and lets applications write: login of shop_owner",
    );
}

#[derive(Deserialize)]
struct Any(#[allow(dead_code, reason = "accepts every input that the machine sends")] Value);

/// An abort stage that unlocks the source before the lane has accepted the abort.
struct UnlocksBeforeAborting;

#[async_trait]
impl Stage for UnlocksBeforeAborting {
    const NAME: StageName = StageName::new("abort");
    const PURPOSE: &'static str = "";
    type Input = Any;
    type Output = Value;

    async fn run(&self, ctx: &StageContext, _input: Any) -> Result<Value, StageError> {
        ctx.old_writer.writes.restore(&ctx.plan.run_id).await?;
        let output = abort::Abort(registry).run(ctx, abort::Input::default()).await?;
        Ok(serde_json::to_value(output).unwrap())
    }
}

/// An abort stage that releases held writes before the source is unlocked.
struct ReleasesBeforeUnlocking;

#[async_trait]
impl Stage for ReleasesBeforeUnlocking {
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
        ctx.old_writer.writes.restore(&run_id).await?;
        Ok(json!({ "outcome": "aborted" }))
    }
}

/// A final-sync stage that opens the target before the commit.
struct OpensBeforeCommitting;

#[async_trait]
impl Stage for OpensBeforeCommitting {
    const NAME: StageName = final_sync::FinalSync::NAME;
    const PURPOSE: &'static str = "";
    type Input = final_sync::Input;
    type Output = Value;

    async fn run(&self, ctx: &StageContext, input: final_sync::Input) -> Result<Value, StageError> {
        if input.step == final_sync::Step::Commit
            && let Some(snapshot) = ctx.old_writer.writes.snapshot().await?
        {
            ctx.new_writer.writes.open(&snapshot).await?;
        }
        let output = final_sync::FinalSync.run(ctx, input).await?;
        Ok(serde_json::to_value(output).unwrap())
    }
}

/// A drain stage that unlocks the source again and relies on the hold at the edge.
struct UnlocksAfterDraining;

#[async_trait]
impl Stage for UnlocksAfterDraining {
    const NAME: StageName = connection_drain::ConnectionDrain::NAME;
    const PURPOSE: &'static str = "";
    type Input = connection_drain::Input;
    type Output = Value;

    async fn run(&self, ctx: &StageContext, input: connection_drain::Input) -> Result<Value, StageError> {
        let output = connection_drain::ConnectionDrain.run(ctx, input).await?;
        ctx.old_writer.writes.restore(&ctx.plan.run_id).await?;
        Ok(serde_json::to_value(output).unwrap())
    }
}

fn stage(stage: impl AnyStage + 'static) -> Machine {
    cutover().with(Arc::new(stage))
}

#[test]
fn an_abort_that_unlocks_before_the_lane_accepts_it_is_reported() {
    let violations = violations_of_abort(
        &stage(UnlocksBeforeAborting),
        "lane.apply(commit)",
        Fault::Refused,
        None,
    );
    assert_reported(
        "an early unlock",
        &violations,
        "the source was unlocked in phase hold",
    );
    let lost = violations_of_abort(
        &stage(UnlocksBeforeAborting),
        "lane.apply(commit)",
        Fault::DiesAfter,
        None,
    );
    assert_reported(
        "two writable sides",
        &lost,
        "the source is not the writer and lets applications write",
    );
}

#[test]
fn an_abort_that_releases_before_it_unlocks_is_reported() {
    let violations = violations_of_abort(
        &stage(ReleasesBeforeUnlocking),
        "lane.apply(commit)",
        Fault::Refused,
        None,
    );
    assert_reported(
        "a release to a locked side",
        &violations,
        "held writes were released to the source, which is locked",
    );
}

#[test]
fn a_target_that_is_opened_before_the_commit_is_reported() {
    let violations = violations_of_run(&stage(OpensBeforeCommitting), &Scenario::busy(), None);
    assert_reported(
        "an early opening",
        &violations,
        "the target is not the writer and lets applications write",
    );
}

#[test]
fn a_drain_that_relies_on_the_edge_is_reported() {
    let violations = violations_of_run(&stage(UnlocksAfterDraining), &Scenario::busy(), None);
    assert_reported(
        "an unlock during the hold",
        &violations,
        "the source was unlocked in phase hold",
    );
}

#[test]
fn two_streams_at_once_are_reported() {
    let scenario = Scenario::busy();
    let before: LastingState = scenario.lasting_state();
    assert_eq!(
        execute(&cutover(), &scenario, scenario.plan.clone()).state,
        "Committed"
    );
    let _ = scenario.run("run-1", Direction::Forward);
    scenario.shared.lock().start_task(Stream::Forward, None).unwrap();
    let violations = violations_at_end(&scenario, &before, true).join("\n");
    assert_reported(
        "streams in both directions",
        &violations,
        "sends a change back to its origin",
    );
}
