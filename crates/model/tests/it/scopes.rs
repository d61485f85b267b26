//! What is searched. docs/model.md lists these scopes.

use crossover_model::Scope;
use crossover_routing::Side;

use crate::search;

fn one_write() -> Scope {
    Scope {
        writes: 1,
        ..Scope::cutover()
    }
}

#[test]
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
fn two_faults() {
    let scope = Scope {
        faults: 2,
        ..one_write()
    };
    search("two faults", scope);
}

#[test]
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
fn two_runs() {
    search("two runs", one_write().and_a_cutover_of(2));
}

#[test]
fn a_zombie_of_the_lane() {
    let scope = Scope {
        zombie: true,
        ..one_write().and_an_abort()
    };
    search("a zombie of the lane", scope);
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
