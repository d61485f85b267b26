//! Why a run cannot go on, and no later one from its checkpoint.

use crossover_core::{Lsn, routing::Side};

/// What became of the slot.
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
        "slot {slot} cannot be read any more: {why}; what has changed since {since} is not known, and the comparison has to start \
         again"
    )]
    SlotGone { slot: String, why: String, since: Lsn },
}
