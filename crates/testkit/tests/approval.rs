//! A cutover whose plan asks for an approval: what an answer leads to, and what no answer leads to.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod machines;

use std::sync::Arc;

use crossover_core::{AnyStage, Plan, plan::ApprovalPlan, routing::Side};
use crossover_stages::approval::Approval;
use crossover_testkit::{
    Ending, Fault, Scenario, Scripted,
    asl::Answer,
    laws::{execute, violations_at_end},
};
use machines::{cutover, rollback};
use serde_json::json;

/// The states before anything is changed.
const BEFORE: [&str; 7] = [
    "Recover?",
    "Complete?",
    "PreCheck",
    "LagWait",
    "ValidateBefore",
    "ApprovalRequired?",
    "Approval",
];

fn asking(scenario: &Scenario) -> Plan {
    Plan {
        approval: Some(ApprovalPlan { expires_after_s: 60 }),
        ..scenario.plan.clone()
    }
}

/// Runs a cutover that asks, and returns its end and what is wrong.
fn answered(answer: Answer) -> (Scenario, Ending, Vec<String>) {
    let scenario = Scenario::busy();
    let before = scenario.lasting_state();
    let ended = execute(&cutover().answered(answer), &scenario, asking(&scenario));
    let wrong = violations_at_end(&scenario, &before, true);
    (scenario, ended, wrong)
}

#[test]
fn an_approved_cutover_looks_at_the_lag_again_and_commits() {
    let (scenario, ended, wrong) = answered(Answer::Success(json!({ "approved_by": "somebody" })));
    assert_eq!((ended.state.as_str(), wrong), ("Committed", Vec::new()));
    let asked = ended.trail.iter().position(|state| state == "Approval").unwrap();
    assert_eq!(ended.trail[asked + 1], "LagWaitAfterApproval");
    assert_eq!(ended.data["approval"]["result"]["approved_by"], "somebody");
    let system = scenario.shared.lock();
    assert_eq!(system.lane.writer, Side::Target);
    let question = system
        .journal
        .iter()
        .find(|entry| entry.stage == "approval" && entry.event == "waiting")
        .unwrap();
    assert_eq!(question.detail["task_token"], "token-of-the-task");
    let waits = question.detail["expires_at_ms"].as_u64().unwrap() - question.at_ms.0;
    assert!((59_000..=60_000).contains(&waits), "{waits}");
}

#[test]
fn a_cutover_that_nobody_approves_ends_before_it_changes_anything() {
    for answer in [Answer::Failure("ApprovalRejected"), Answer::None] {
        let (scenario, ended, wrong) = answered(answer.clone());
        assert_eq!(
            (ended.state.as_str(), wrong),
            ("NotApproved", Vec::new()),
            "{answer:?}"
        );
        let trail: Vec<&str> = ended.trail.iter().map(String::as_str).collect();
        assert_eq!(trail, [&BEFORE[..], &["NotApproved"]].concat(), "{answer:?}");
        assert_eq!(scenario.shared.lock().lane.writer, Side::Source);
    }
}

#[test]
fn a_dry_run_and_a_rollback_ask_nobody() {
    let scenario = Scenario::busy();
    let dry = Plan {
        dry_run: true,
        ..asking(&scenario)
    };
    let ended = execute(&cutover(), &scenario, dry);
    assert_eq!(ended.state, "Committed", "{}", ended.data["error"]);
    assert!(!ended.trail.contains(&"Approval".to_owned()));

    let (scenario, _, _) = answered(Answer::Success(json!({})));
    let back = Plan {
        run_id: "back".to_owned(),
        ..asking(&scenario)
    };
    let ended = execute(&rollback(), &scenario, back);
    assert_eq!(ended.state, "Committed", "{}", ended.data["error"]);
}

#[test]
fn a_question_that_is_not_in_the_journal_is_an_error_because_nobody_could_answer_it() {
    let stage: Arc<dyn AnyStage> = Arc::new(Approval);
    let mut failed = 0;
    for call in 0..4 {
        let mut scenario = Scenario::quiet();
        scenario.plan = asking(&scenario);
        scenario.shared.script(Scripted::Nth(call, Fault::Unreachable));
        let asked = scenario.stage(&stage, json!({ "task_token": "t" }));
        let system = scenario.shared.lock();
        let written = system.journal.iter().any(|entry| entry.event == "waiting");
        assert_eq!(asked.is_ok(), written, "call {call}: {asked:?}");
        failed += u32::from(asked.is_err());
    }
    assert_eq!(
        failed, 2,
        "the lane could not be read, or the question not be written"
    );
}
