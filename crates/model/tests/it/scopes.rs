//! What is searched. docs/model.md lists these scopes.

use crossover_model::{Scope, Stage};
use crossover_routing::Side;

use crate::search;

pub fn one_write() -> Scope {
    Scope {
        writes: 1,
        ..Scope::cutover()
    }
}

/// The state machine has given the drain up, and aborts.
pub fn given_up() -> Scope {
    let late = Scope {
        orchestrators: vec![(1, Stage::LateDrain)],
        ..one_write()
    };
    late.and_an_abort()
}

#[test]
#[ignore = "half a minute: run it after a change of the model, the lane or the barrier"]
fn two_clients() {
    search("two clients", Scope::cutover());
}

#[test]
fn an_abort_beside_the_run() {
    search("an abort beside the run", one_write().and_an_abort());
}

#[test]
fn an_abort_beside_a_rollback() {
    let scope = Scope {
        old_writer: Side::Target,
        ..one_write().and_an_abort()
    };
    search("an abort beside a rollback", scope);
}

#[test]
fn an_invocation_that_was_given_up_beside_the_abort() {
    search("an invocation that was given up", given_up());
}

#[test]
fn two_faults() {
    let scope = Scope {
        faults: 2,
        ..one_write()
    };
    search("two faults", scope);
}

#[test]
#[ignore = "ten seconds: run it after a change of the model, the lane or the barrier"]
fn a_fault_and_an_abort() {
    let scope = Scope {
        faults: 1,
        ..one_write().and_an_abort()
    };
    search("a fault and an abort", scope);
}

#[test]
fn the_same_run_twice() {
    search("the same run twice", one_write().and_a_cutover_of(1));
}

#[test]
#[ignore = "half a minute: run it after a change of the model, the lane or the barrier"]
fn two_runs() {
    search("two runs", one_write().and_a_cutover_of(2));
}

#[test]
fn a_zombie_of_the_lane() {
    let scope = Scope {
        zombie: true,
        ..one_write()
    };
    search("a zombie of the lane", scope);
}

#[test]
#[ignore = "ten seconds: run it after a change of the model, the lane or the barrier"]
fn a_zombie_of_the_lane_and_an_abort() {
    let scope = Scope {
        zombie: true,
        ..one_write().and_an_abort()
    };
    search("a zombie of the lane and an abort", scope);
}

#[test]
fn reports_that_are_late_or_lost() {
    let scope = Scope {
        faults: 1,
        reports_fail: true,
        ..one_write()
    };
    search("reports that are late or lost", scope);
}
