//! The real stages behind the real state machines.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::Arc;

use crossover_testkit::{AnyStage, Machine};

/// Every stage there is.
pub fn stages() -> Vec<Arc<dyn AnyStage>> {
    vec![
        Arc::new(pre_check::PreCheck),
        Arc::new(lag_wait::LagWait),
        Arc::new(validate::Validate),
        Arc::new(reverse_sync::ReverseSync),
        Arc::new(connection_drain::ConnectionDrain),
        Arc::new(final_sync::FinalSync),
        Arc::new(abort::Abort),
        Arc::new(rollback::Rollback),
    ]
}

pub fn cutover() -> Machine {
    Machine::new(include_str!("../../../../statemachine/cutover.asl.json"), &stages())
}

pub fn rollback() -> Machine {
    Machine::new(include_str!("../../../../statemachine/rollback.asl.json"), &stages())
}
