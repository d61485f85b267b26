//! The laws. They panic with the fault and the call that broke them, and answer how many fault points they walked.

use std::{collections::BTreeSet, sync::Arc};

use crossover_core::{
    AnyStage, Plan,
    routing::{LaneRecord, Side},
};
use serde_json::Value;

use crate::{
    asl::{Ending, Machine},
    executor::block_on,
    faults::{Fault, Scripted},
    lasting_state::LastingState,
    scenario::Scenario,
    stage::{Failure, PROCESS_ENDED},
};

/// A stage, its input and the system it starts in.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub scenario: Arc<dyn Fn(Scenario) -> Scenario + Send + Sync>,
    pub stage: Arc<dyn AnyStage>,
    pub input: Value,
}

impl Case {
    /// A case whose system is made from the plain scenario by `scenario`.
    pub fn new(
        name: &'static str,
        stage: impl AnyStage + 'static,
        input: Value,
        scenario: impl Fn(Scenario) -> Scenario + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            scenario: Arc::new(scenario),
            stage: Arc::new(stage),
            input,
        }
    }

    fn quiet(&self) -> Scenario {
        (self.scenario)(Scenario::quiet())
    }

    fn run(&self, scenario: &Scenario) -> Result<Value, Failure> {
        scenario.stage(&self.stage, self.input.clone())
    }

    /// The port calls of an undisturbed run in `scenario`.
    pub fn points(&self, scenario: &Scenario) -> Vec<String> {
        scenario.shared.script(None);
        let done = self.run(scenario);
        assert!(done.is_ok(), "{}: an undisturbed run fails: {done:?}", self.name);
        scenario.shared.points()
    }
}

/// What a law has walked.
#[derive(Debug, Default, Clone)]
pub struct Walked {
    /// Fault points, one per port call and kind of fault.
    pub points: usize,
    /// Names of the port calls.
    pub calls: BTreeSet<String>,
}

impl Walked {
    fn with(points: &[String], faults: usize) -> Self {
        Self {
            points: points.len() * faults,
            calls: points.iter().cloned().collect(),
        }
    }
}

impl std::fmt::Display for Walked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let calls: Vec<&str> = self.calls.iter().map(String::as_str).collect();
        write!(f, "{} fault points over {}", self.points, calls.join(", "))
    }
}

/// Running a stage twice leaves what running it once leaves.
pub fn repeating_is_harmless(case: &Case) {
    let scenario = case.quiet();
    let first = case.run(&scenario);
    assert!(first.is_ok(), "{}: {first:?}", case.name);
    let once = scenario.lasting_state();
    let again = case.run(&scenario);
    assert!(again.is_ok(), "{}: the second run fails: {again:?}", case.name);
    assert_eq!(
        once,
        scenario.lasting_state(),
        "{}: the second run changed something",
        case.name
    );
    assert_eq!(
        scenario.shared.violations(),
        Vec::<String>::new(),
        "{}",
        case.name
    );
}

/// A dry run changes nothing, says what it would do when `plans`, and gets through from where it is called.
pub fn a_dry_run_changes_nothing(case: &Case, plans: bool) {
    let mut scenario = case.quiet();
    scenario.plan.dry_run = true;
    let seen = || {
        let lasting_state = scenario.lasting_state();
        let state = scenario.shared.lock();
        (lasting_state, state.lane.clone(), state.journal.len())
    };
    let before = seen();
    let answer = case.run(&scenario);
    let answer = answer.unwrap_or_else(|e| panic!("{}: the dry run fails: {e:?}", case.name));
    assert_eq!(before, seen(), "{}: the dry run changed something", case.name);
    let planned = answer["planned"].as_array().map_or(0, Vec::len);
    assert_eq!(planned > 0, plans, "{}: planned {}", case.name, answer["planned"]);
}

/// Whatever goes wrong once, the next run of the same stage ends as if nothing had happened.
pub fn one_fault_and_running_again_is_one_run(case: &Case, faults: &[Fault]) -> Walked {
    let scenario = case.quiet();
    let points = case.points(&scenario);
    let once = scenario.lasting_state();
    for (index, point) in points.iter().enumerate() {
        for fault in faults {
            let context = format!("{}: {fault:?} at call {index} ({point})", case.name);
            let scenario = case.quiet();
            scenario.shared.script(Scripted::Nth(index as u64, *fault));
            let first = case.run(&scenario);
            assert_eq!(
                scenario.shared.fired().as_deref(),
                Some(point.as_str()),
                "{context}: the fault did not fire"
            );
            if matches!(fault, Fault::DiesBefore | Fault::DiesAfter) {
                assert_eq!(
                    first.as_ref().err().map(|f| f.name.as_str()),
                    Some(PROCESS_ENDED),
                    "{context}"
                );
            }
            scenario.shared.script(None);
            let second = case.run(&scenario);
            assert!(second.is_ok(), "{context}: the second run fails: {second:?}");
            assert_eq!(once, scenario.lasting_state(), "{context}: not as one run");
            assert_eq!(scenario.shared.violations(), Vec::<String>::new(), "{context}");
        }
    }
    Walked::with(&points, faults.len())
}

/// All laws of one stage, with every fault that does not let time run away.
pub fn every_stage_law(case: &Case, plans: bool) -> Walked {
    repeating_is_harmless(case);
    a_dry_run_changes_nothing(case, plans);
    let faults = [
        Fault::Refused,
        Fault::Unreachable,
        Fault::LostAnswer,
        Fault::DiesBefore,
        Fault::DiesAfter,
    ];
    let walked = one_fault_and_running_again_is_one_run(case, &faults);
    println!("{}: {walked}", case.name);
    walked
}

/// What is wrong with the world after a run has ended; empty when all is well. `before` is the system at the start.
pub fn wrong_at_the_end(scenario: &Scenario, before: &LastingState, reverse_expected: bool) -> Vec<String> {
    // Streams carry what is under way, and clients find their side.
    scenario.wait(2_000);
    scenario.shared.lock().traffic.clients.clear();
    scenario.wait(500);
    let after = scenario.lasting_state();
    let state = scenario.shared.lock();
    let mut wrong = state.watch.violations.clone();
    let LaneRecord { phase, writer, .. } = &state.lane;
    if *phase != writer.served() {
        wrong.push(format!("the lane is left in {phase}"));
    }
    for acknowledged in &state.traffic.ledger {
        let table = state.side(*writer).tables.get(&acknowledged.table);
        if table.and_then(|t| t.rows.get(&acknowledged.id)) != Some(&acknowledged.token) {
            wrong.push(format!(
                "acknowledged write {acknowledged:?} is lost on the {writer}"
            ));
        }
    }
    for (name, table) in &state.side(*writer).tables {
        let acknowledged = state.traffic.ledger.iter().filter(|a| a.table == *name).count();
        let seeds = table
            .rows
            .values()
            .filter(|token| token.starts_with("seed"))
            .count();
        if table.rows.len() != acknowledged + seeds {
            wrong.push(format!(
                "{name} holds {} rows, {acknowledged} were acknowledged",
                table.rows.len() - seeds
            ));
        }
    }
    let began = before.lane.1;
    if *writer == began {
        for (side, was, is) in [
            ("source", &before.source, &after.source),
            ("target", &before.target, &after.target),
        ] {
            if was.access != is.access {
                wrong.push(format!(
                    "access of the {side} was {:?} and is {:?}",
                    was.access, is.access
                ));
            }
            if was.slots != is.slots {
                wrong.push(format!(
                    "slots of the {side} were {:?} and are {:?}",
                    was.slots, is.slots
                ));
            }
        }
        if before.tasks != after.tasks {
            wrong.push(format!("tasks were {:?} and are {:?}", before.tasks, after.tasks));
        }
    } else {
        let (old, new) = match began {
            Side::Source => (&after.source, &after.target),
            Side::Target => (&after.target, &after.source),
        };
        if old.access.locked_by.is_none() || new.access.locked_by.is_some() {
            wrong.push(format!(
                "locked: old writer {:?}, new writer {:?}",
                old.access.locked_by, new.access.locked_by
            ));
        }
        if state.side(*writer).open_ways().is_empty() {
            wrong.push(format!("the {writer} is the writer and lets nobody in"));
        }
        let (stream, reverse) = match began {
            Side::Source => (
                &state.plan.replication.forward_task,
                &state.plan.replication.reverse_task,
            ),
            Side::Target => (
                &state.plan.replication.reverse_task,
                &state.plan.replication.post_rollback_task,
            ),
        };
        let state_of = |task: &str| after.tasks.get(task).map_or("gone", String::as_str);
        if reverse_expected && state_of(reverse) != "Running" {
            wrong.push(format!("reverse replication is {}", state_of(reverse)));
        }
        if reverse_expected && state_of(stream) == "Running" {
            wrong.push("the stream that carried the run still runs".to_owned());
        }
        if reverse_expected && new.rows != old.rows {
            wrong.push("reverse replication did not bring every row".to_owned());
        }
    }
    wrong
}

/// Runs a whole machine with one fault at every call, and looks at every end. `may_end` names the last states a fault may
/// lead to beside the undisturbed one.
pub fn a_machine_survives_one_fault_anywhere(
    machine: &Machine,
    build: &dyn Fn() -> Scenario,
    faults: &[Fault],
    may_end: &[&str],
) -> (Walked, Vec<String>) {
    let (scenario, points, ending) = undisturbed(machine, build);
    drop(scenario);
    let mut endings = BTreeSet::new();
    for (index, point) in points.iter().enumerate() {
        for fault in faults {
            let context = format!("{fault:?} at call {index} ({point})");
            let scenario = build();
            let before = scenario.lasting_state();
            scenario.shared.script(Scripted::Nth(index as u64, *fault));
            let ended = execute(machine, &scenario, scenario.plan.clone());
            assert_eq!(
                scenario.shared.fired().as_deref(),
                Some(point.as_str()),
                "{context}: the fault did not fire"
            );
            let known = ended.state == ending.state || may_end.contains(&ended.state.as_str());
            assert!(
                known,
                "{context}: ended in {} by {:?}: {}",
                ended.state, ended.trail, ended.data["error"]
            );
            let wrong = wrong_at_the_end(&scenario, &before, ended.state != "NoReverseReplication");
            assert!(
                wrong.is_empty(),
                "{context}: ended in {} by {:?}\n{}",
                ended.state,
                ended.trail,
                wrong.join("\n")
            );
            endings.insert(ended.state);
        }
    }
    (Walked::with(&points, faults.len()), endings.into_iter().collect())
}

/// A run nothing disturbs: the system after it, its calls and its end.
pub fn undisturbed(machine: &Machine, build: &dyn Fn() -> Scenario) -> (Scenario, Vec<String>, Ending) {
    let scenario = build();
    let before = scenario.lasting_state();
    scenario.shared.script(None);
    let ending = execute(machine, &scenario, scenario.plan.clone());
    let points = scenario.shared.points();
    let wrong = wrong_at_the_end(&scenario, &before, true);
    assert!(
        wrong.is_empty(),
        "undisturbed, ended in {} by {:?}\n{}",
        ending.state,
        ending.trail,
        wrong.join("\n")
    );
    (scenario, points, ending)
}

/// Runs a machine in a scenario to its end.
pub fn execute(machine: &Machine, scenario: &Scenario, plan: Plan) -> Ending {
    block_on(&scenario.shared, machine.execute(scenario.shared.clone(), plan))
}
