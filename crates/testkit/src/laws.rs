//! The laws: rules that every stage and every state machine must obey.
//!
//! Each function panics at the first violation, naming the fault and the port call; some return the fault
//! points they covered.

use std::{collections::BTreeSet, sync::Arc};

use crossover_core::{
    AnyStage, Direction, Plan, Stream,
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

/// A stage, its input and the system at its start.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub scenario: Arc<dyn Fn(Scenario) -> Scenario + Send + Sync>,
    pub stage: Arc<dyn AnyStage>,
    pub input: Value,
}

impl Case {
    /// A case whose system is [`Scenario::quiet`], changed by `scenario`.
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

    /// The names of the port calls of a run without faults, in their order.
    pub fn points(&self, scenario: &Scenario) -> Vec<String> {
        scenario.shared.script(None);
        let done = self.run(scenario);
        assert!(
            done.is_ok(),
            "{}: a run without faults fails: {done:?}",
            self.name
        );
        scenario.shared.points()
    }
}

/// The fault points that a law covered.
#[derive(Debug, Default, Clone)]
pub struct Coverage {
    /// Number of fault points: port calls times kinds of fault.
    pub points: usize,
    /// Distinct names of the port calls.
    pub calls: BTreeSet<String>,
}

impl Coverage {
    fn with(points: &[String], faults: usize) -> Self {
        Self {
            points: points.len() * faults,
            calls: points.iter().cloned().collect(),
        }
    }
}

impl std::fmt::Display for Coverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let calls: Vec<&str> = self.calls.iter().map(String::as_str).collect();
        write!(f, "{} fault points over {}", self.points, calls.join(", "))
    }
}

/// A second run of a stage leaves the lasting state of the first run unchanged.
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

/// A dry run succeeds and changes neither the lasting state nor the lane nor the journal. Its answer lists
/// planned actions exactly when `plans` is true.
pub fn a_dry_run_changes_nothing(case: &Case, plans: bool) {
    let mut scenario = case.quiet();
    scenario.plan.dry_run = true;
    let snapshot = || {
        let lasting_state = scenario.lasting_state();
        let state = scenario.shared.lock();
        (lasting_state, state.lane.clone(), state.journal.len())
    };
    let before = snapshot();
    let answer = case.run(&scenario);
    let answer = answer.unwrap_or_else(|e| panic!("{}: the dry run fails: {e:?}", case.name));
    assert_eq!(before, snapshot(), "{}: the dry run changed something", case.name);
    let planned = answer["planned"].as_array().map_or(0, Vec::len);
    assert_eq!(planned > 0, plans, "{}: planned {}", case.name, answer["planned"]);
}

/// After one fault at any port call, the next run of the same stage succeeds and leaves the lasting state of
/// a run without faults.
pub fn one_fault_and_running_again_is_one_run(case: &Case, faults: &[Fault]) -> Coverage {
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
            assert_eq!(
                once,
                scenario.lasting_state(),
                "{context}: the lasting state differs from that of one run"
            );
            assert_eq!(scenario.shared.violations(), Vec::<String>::new(), "{context}");
        }
    }
    Coverage::with(&points, faults.len())
}

/// All laws of one stage, with every fault except slow calls and frozen processes, whose effect depends on
/// deadlines.
pub fn every_stage_law(case: &Case, plans: bool) -> Coverage {
    repeating_is_harmless(case);
    a_dry_run_changes_nothing(case, plans);
    let faults = [
        Fault::Refused,
        Fault::Unreachable,
        Fault::LostAnswer,
        Fault::DiesBefore,
        Fault::DiesAfter,
    ];
    let coverage = one_fault_and_running_again_is_one_run(case, &faults);
    println!("{}: {coverage}", case.name);
    coverage
}

/// The violations after a run has ended; empty when every rule holds. `before` is the lasting state at the
/// start of the run.
pub fn violations_at_end(scenario: &Scenario, before: &LastingState, reverse_expected: bool) -> Vec<String> {
    // Time for the streams to apply what was written and for the clients to reach the writer.
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
                    "access of the {side} was {:?} and is now {:?}",
                    was.access, is.access
                ));
            }
            if was.retained != is.retained {
                wrong.push(format!(
                    "retained positions of the {side} were {:?} and are now {:?}",
                    was.retained, is.retained
                ));
            }
        }
        if before.tasks != after.tasks {
            wrong.push(format!(
                "tasks were {:?} and are now {:?}",
                before.tasks, after.tasks
            ));
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
        if state.side(*writer).write_paths().is_empty() {
            wrong.push(format!(
                "the {writer} is the writer and no application can write there"
            ));
        }
        let direction = match began {
            Side::Source => Direction::Forward,
            Side::Target => Direction::Reverse,
        };
        let (stream, reverse) = (Stream::of_run(direction), Stream::back_after(direction));
        let state_of = |stream: Stream| after.tasks.get(&stream).map_or("gone", String::as_str);
        if reverse_expected && state_of(reverse) != "Running" {
            wrong.push(format!("reverse replication is {}", state_of(reverse)));
        }
        if reverse_expected && state_of(stream) == "Running" {
            wrong.push("the stream from the old writer is still running".to_owned());
        }
        if reverse_expected && new.rows != old.rows {
            wrong.push("reverse replication did not apply every row".to_owned());
        }
    }
    wrong
}

/// Runs a whole machine once for every port call and fault, and checks the system after each run. The last
/// state must be the one of a run without faults or one of `may_end`.
pub fn a_machine_survives_one_fault_anywhere(
    machine: &Machine,
    build: &dyn Fn() -> Scenario,
    faults: &[Fault],
    may_end: &[&str],
) -> (Coverage, Vec<String>) {
    let (scenario, points, ending) = run_without_faults(machine, build);
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
            let wrong = violations_at_end(&scenario, &before, ended.state != "NoReverseReplication");
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
    (
        Coverage::with(&points, faults.len()),
        endings.into_iter().collect(),
    )
}

/// A run without faults: the system after the run, the names of the port calls, and how the run ended.
pub fn run_without_faults(
    machine: &Machine,
    build: &dyn Fn() -> Scenario,
) -> (Scenario, Vec<String>, Ending) {
    let scenario = build();
    let before = scenario.lasting_state();
    scenario.shared.script(None);
    let ending = execute(machine, &scenario, scenario.plan.clone());
    let points = scenario.shared.points();
    let wrong = violations_at_end(&scenario, &before, true);
    assert!(
        wrong.is_empty(),
        "without faults, ended in {} by {:?}\n{}",
        ending.state,
        ending.trail,
        wrong.join("\n")
    );
    (scenario, points, ending)
}

/// Runs a machine in a scenario until the machine ends.
pub fn execute(machine: &Machine, scenario: &Scenario, plan: Plan) -> Ending {
    block_on(&scenario.shared, machine.execute(scenario.shared.clone(), plan))
}
