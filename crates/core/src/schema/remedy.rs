//! Remedies for findings. The engine words them with its own statements.

use super::Severity;
use crate::catalogue::{ObjectClass, ReplicaIdentity, TableName};

/// An action on a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Create an object as the other side has it.
    Create(ObjectClass),
    /// Change an object to match the other side.
    Change(ObjectClass, Severity),
    /// Refresh a materialized view; until then every query of it fails.
    Populate,
    /// Give a table a replica identity that identifies its rows. `identity` is the current one; `alike` means
    /// that the table has no unique index over columns that are never NULL.
    IdentifyRows { identity: ReplicaIdentity, alike: bool },
    /// Update the planner's statistics of a table.
    Analyse(TableName),
    /// Move a sequence beyond the position of the other side.
    AdvanceSequence,
    /// Set a cycling sequence to the position of the other side, unless it has already continued from there.
    SetCyclingSequence,
    /// Make a sequence count in the direction of the other side.
    TurnSequence,
}

/// How an engine words remedies.
pub trait Remedies: Send + Sync {
    fn remedy(&self, remedy: &Remedy) -> String;
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An engine for the tests of this crate.
    pub struct Plain;

    impl Remedies for Plain {
        fn remedy(&self, remedy: &Remedy) -> String {
            format!("{remedy:?}")
        }
    }
}
