//! Why a run cannot continue, nor a later run from its checkpoint.

use crossover_core::{Position, routing::Side};

/// The fate of the slot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    #[error(
        "slot {slot} kept {retained_mib} MiB of the write-ahead log on the {writer}, more than the {budget_mib} MiB it may keep: it \
         was dropped, and the comparison has to start again"
    )]
    OverBudget {
        slot: String,
        writer: Side,
        retained_mib: u64,
        budget_mib: u64,
    },
    #[error(
        "slot {slot} can no longer be read: {why}; the changes since {since} are unknown, and the comparison has to start \
         again"
    )]
    SlotGone {
        slot: String,
        why: String,
        since: Position,
    },
}
