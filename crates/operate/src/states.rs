//! The states that the commands know by name.

/// Lag and load of a run are awaited.
pub const LAG_WAIT: &str = "LagWait";
/// A cutover waits for somebody's answer.
pub const APPROVAL: &str = "Approval";
/// A completion waits for somebody's answer.
pub const COMPLETION_APPROVAL: &str = "CompletionApproval";
/// Lag and load are awaited again, because the approval may have taken hours.
pub const LAG_WAIT_AFTER_APPROVAL: &str = "LagWaitAfterApproval";

/// The states that may wait for long, and say for what.
pub const WAITING: [&str; 4] = [LAG_WAIT, APPROVAL, LAG_WAIT_AFTER_APPROVAL, COMPLETION_APPROVAL];

/// Whether a state waits for somebody's answer.
pub fn asks(state: &str) -> bool {
    [APPROVAL, COMPLETION_APPROVAL].contains(&state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cutover_has_every_state_that_is_known_by_name() {
        let cutover = include_str!("../../../statemachine/cutover.asl.json");
        let cutover: serde_json::Value = serde_json::from_str(cutover).unwrap();
        for state in WAITING {
            assert!(cutover["States"][state].is_object(), "no state {state}");
        }
    }
}
