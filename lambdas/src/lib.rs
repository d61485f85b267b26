//! The stages of a cutover: a module each (input, run, undo, tests), and the registry that lists them.
//!
//! A stage is added by its module and its line below. Whatever goes through all stages reads the registry: the functions'
//! program, the abort, the tests in memory, the rehearsal, the size check and `docs/stages.md`. The order in which
//! stages run lives in `statemachine/*.asl.json`.

pub mod abort;
pub mod connection_drain;
pub mod final_sync;
pub mod lag_wait;
pub mod pre_check;
pub mod reverse_sync;
pub mod rollback;
pub mod validate;

use crossover_core::Registry;

/// Every stage, in the order in which a run first comes to it: the abort undoes from the last to the first.
pub fn registry() -> Registry {
    Registry::default()
        .with(pre_check::PreCheck)
        .with(lag_wait::LagWait)
        .with(validate::Validate)
        .with(reverse_sync::ReverseSync)
        .with(connection_drain::ConnectionDrain)
        .with(final_sync::FinalSync)
        .with(abort::Abort(registry))
        .with(rollback::Rollback)
}
