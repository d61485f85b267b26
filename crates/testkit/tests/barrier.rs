//! The write barrier: no client behind the edge gets an error, whether the run commits or aborts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod machines;

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use crossover_core::{
    AnyStage, Millis, Stage, StageContext, StageError, StageName,
    plan::OnStragglers,
    ports::{Figure, JournalEntry},
    routing::Phase,
};
use crossover_stages::connection_drain;
use crossover_testkit::{
    Defect, Ending, Machine, Scenario,
    executor::block_on,
    laws::{execute, violations_at_end},
};
use machines::{cutover, entered};
use serde_json::{Value, json};

/// The hold begins about 5,260 ms after connection-drain: writes that were forwarded then reach the database
/// shortly after it.
const POOL_MS: u64 = 5_280;

/// One run. When connection-drain begins, the application begins to keep writes waiting for this long before
/// their transactions.
struct Run {
    scenario: Scenario,
    ended: Ending,
    violations: String,
}

fn run(pool_ms: u64, machine: &Machine, change: impl FnOnce(&mut Scenario)) -> Run {
    let mut scenario = Scenario::busy();
    let before = scenario.lasting_state();
    let mut data = entered(&scenario, "ConnectionDrain");
    scenario.shared.lock().behaviour.pool_ms = pool_ms;
    change(&mut scenario);
    data["plan"] = serde_json::to_value(&scenario.plan).unwrap();
    scenario.shared.script(None);
    let ended = block_on(
        &scenario.shared,
        machine.execute_from("ConnectionDrain", scenario.shared.clone(), data),
    );
    let violations = violations_at_end(&scenario, &before, true).join("\n");
    Run {
        scenario,
        ended,
        violations,
    }
}

#[test]
fn a_load_without_room_for_a_pause_is_refused_before_anything_is_armed() {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    scenario.shared.lock().behaviour.pool_ms = 60_000;
    scenario.shared.script(None);
    let ended = execute(&cutover(), &scenario, scenario.plan.clone());
    assert_eq!(
        (ended.state.as_str(), &ended.data["error"]["Error"]),
        ("Refused", &json!("TooBusy"))
    );
    let cause = ended.data["error"]["Cause"].as_str().unwrap();
    assert!(
        cause.contains("in flight at the edge") && cause.contains("drain_grace_ms"),
        "{cause}"
    );
    assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
    let waits: Vec<JournalEntry> = {
        let journal = &scenario.shared.lock().journal;
        let of_wait = |entry: &&JournalEntry| entry.event == "waiting";
        journal.iter().filter(of_wait).cloned().collect()
    };
    let said: Vec<&str> = waits
        .iter()
        .filter_map(|entry| entry.detail["for"].as_str())
        .collect();
    assert_eq!(said.last(), Some(&"stuck_write"), "{waits:#?}");
    let repeated = said.windows(2).any(|pair| pair[0] == pair[1]);
    assert!(!repeated, "one entry for each thing waited for: {said:?}");
    let longest = scenario.plan.limits.lag_wait_ms;
    assert!(waits.iter().all(|entry| entry.stage == "lag-wait"
        && entry.detail["longest_ms"] == json!(longest)
        && entry.detail["reason"].is_string()));
}

#[test]
fn a_server_without_spare_cpu_or_without_a_figure_is_refused_before_anything_is_armed() {
    let cpu = |percent| Figure {
        value: percent,
        age_ms: Millis(0),
        stale_after_ms: Millis(185_000),
    };
    for (figure, error, text) in [
        (Some(cpu(97)), "TooBusy", "uses 97 % of its CPU"),
        (None, "ReplicationNotReady", "no CPU figure for rds/shop"),
    ] {
        let mut scenario = Scenario::busy();
        let before = scenario.lasting_state();
        scenario.plan.target.monitored_as = Some("rds/shop".to_owned());
        scenario.shared.lock().behaviour.cpu = figure;
        scenario.shared.script(None);
        let ended = execute(&cutover(), &scenario, scenario.plan.clone());
        assert_eq!(
            (ended.state.as_str(), &ended.data["error"]["Error"]),
            ("Refused", &json!(error))
        );
        let cause = ended.data["error"]["Cause"].as_str().unwrap();
        assert!(cause.contains(text), "{cause}");
        assert_eq!(violations_at_end(&scenario, &before, true), Vec::<String>::new());
    }
}

#[test]
fn a_lock_that_is_refused_is_refused_before_anything_is_armed() {
    let scenario = Scenario::busy();
    entered(&scenario, "ConnectionDrain");
    {
        let source = &mut scenario.shared.lock().source;
        let none = BTreeSet::new();
        let plan = source
            .plan_lock(&scenario.plan.scope, "another-run", &none)
            .unwrap();
        source.lock(&plan, &none).unwrap();
    }
    scenario.shared.script(None);
    let drain: Arc<dyn AnyStage> = Arc::new(connection_drain::ConnectionDrain);
    let refusal = scenario.stage(&drain, json!({})).unwrap_err();
    assert!(refusal.text.contains("another-run"), "{refusal:?}");
    assert_eq!(scenario.shared.lock().lane.phase, Phase::ServeSource);
}

#[test]
fn a_write_that_waits_in_the_application_ends_before_anything_is_locked() {
    for pool_ms in [0, POOL_MS, POOL_MS + 50, POOL_MS + 250] {
        let run = run(pool_ms, &cutover(), |_| {});
        assert_eq!(
            (run.ended.state.as_str(), run.violations.as_str()),
            ("Committed", "")
        );
    }
}

#[test]
fn writes_that_do_not_end_abort_the_run_before_anything_is_locked() {
    let run = run(60_000, &cutover(), |_| {});
    assert_eq!(
        (run.ended.state.as_str(), run.violations.as_str()),
        ("AbortedAsAsked", "")
    );
    assert_eq!(run.ended.data["error"]["Error"], "WritesInFlight");
    let cause = run.ended.data["error"]["Cause"].as_str().unwrap();
    assert!(
        cause.contains("write(s) at the edge without an answer, the oldest for"),
        "{cause}"
    );
    let calls = run.scenario.shared.points();
    assert!(!calls.iter().any(|call| call == "source.lock"), "{calls:?}");
}

#[test]
fn a_transaction_that_outlives_its_request_aborts_the_run_too() {
    // A stray's long transaction: the edge knows nothing of it.
    let run = run(0, &cutover(), |scenario| {
        scenario.shared.lock().traffic.stray_transaction_ms = Some(60_000);
    });
    assert_eq!(
        run.ended.data["error"]["Error"], "WritesInFlight",
        "{}",
        run.ended.data
    );
    assert_eq!(run.violations, "");
}

#[test]
fn a_long_transaction_that_only_reads_is_ended_and_hardly_lengthens_the_pause() {
    let run = run(0, &cutover(), |scenario| {
        let mut state = scenario.shared.lock();
        state.traffic.stray_transaction_ms = Some(60_000);
        state.traffic.strays_only_read = true;
    });
    assert_eq!(
        (run.ended.state.as_str(), run.violations.as_str()),
        ("Committed", "")
    );
    let drain = &run.ended.data["connection_drain"]["result"]["output"];
    let waited = drain["in_flight_ms"].as_u64().unwrap() - drain["edge_quiet_ms"].as_u64().unwrap();
    // By the virtual clock; limits.drain_grace_ms is 400 here.
    assert!((250..300).contains(&waited), "{drain}");
}

#[test]
fn a_plan_that_ends_stragglers_commits_and_names_them() {
    let run = run(60_000, &cutover(), |scenario| {
        scenario.plan.on_stragglers = OnStragglers::End;
        scenario.shared.lock().plan.on_stragglers = OnStragglers::End;
    });
    assert_eq!(run.ended.state, "Committed", "{}", run.ended.data);
    let stragglers = &run.ended.data["connection_drain"]["result"]["output"]["stragglers"];
    assert!(
        stragglers[0].as_str().unwrap().contains("at the edge"),
        "{stragglers}"
    );
}

#[test]
fn a_barrier_that_is_ignored_is_reported() {
    let run = run(POOL_MS, &cutover(), |scenario| {
        scenario.shared.lock().defects.insert(Defect::BarrierIgnored);
    });
    assert!(
        run.violations
            .contains("that the edge had forwarded found the source locked"),
        "{}",
        run.violations
    );
}

/// A drain that locks before it knows whether writes are in flight.
struct LocksBeforeTheBarrier;

#[async_trait]
impl Stage for LocksBeforeTheBarrier {
    const NAME: StageName = connection_drain::ConnectionDrain::NAME;
    const PURPOSE: &'static str = "";
    type Input = connection_drain::Input;
    type Output = Value;

    async fn run(&self, ctx: &StageContext, input: connection_drain::Input) -> Result<Value, StageError> {
        let source = &ctx.old_writer.writes;
        let plan = source.plan_lock(&ctx.plan.scope, &ctx.plan.run_id).await?;
        source.lock(&plan).await?;
        let output = connection_drain::ConnectionDrain.run(ctx, input).await?;
        Ok(serde_json::to_value(output).unwrap())
    }
}

#[test]
fn a_lock_before_the_barrier_is_reported() {
    let run = run(
        POOL_MS,
        &cutover().with(Arc::new(LocksBeforeTheBarrier)),
        |scenario| {
            // Clients that keep no sessions: each write has to log in.
            scenario.shared.lock().traffic.sessions_end_with_writes = true;
        },
    );
    assert!(
        run.violations
            .contains("that the edge had forwarded found the source locked"),
        "{}",
        run.violations
    );
}
