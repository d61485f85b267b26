//! The stages of a cutover, one module each (input, run, undo, tests), and the registry that lists them.
//!
//! To add a stage, add its module and one line below. Everything that covers all stages reads the registry:
//! the functions' program, the abort, the tests in memory, the rehearsal, the size check and
//! `docs/stages.md`. The order in which the stages run is in `statemachine/*.asl.json`.

pub mod abort;
pub mod approval;
pub mod complete;
pub mod connection_drain;
pub mod final_sync;
pub mod lag_wait;
pub mod pre_check;
pub mod reverse_sync;
pub mod rollback;
pub mod validate;

use crossover_core::Registry;

/// Every stage, in the order in which a run first reaches it. The abort undoes the stages from the last to
/// the first.
pub fn registry() -> Registry {
    Registry::default()
        .with(pre_check::PreCheck)
        .with(lag_wait::LagWait)
        .with(validate::Validate)
        .with(approval::Approval)
        .with(reverse_sync::ReverseSync)
        .with(connection_drain::ConnectionDrain)
        .with(final_sync::FinalSync)
        .with(abort::Abort(registry))
        .with(rollback::Rollback)
        .with(complete::Complete)
}
