//! What is to be done about a finding; the statements for that are the engine's to word.

use super::Severity;
use crate::catalogue::{ObjectClass, ReplicaIdentity, TableName};

/// Something to be done on a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Create an object as the other side has it.
    Create(ObjectClass),
    /// Make an object what it is on the other side.
    Change(ObjectClass, Severity),
    /// Fill a materialized view: until then no query of it succeeds.
    Populate,
    /// Have the changes of a table identify its rows, which they do in this way now; `alike`: no unique index over columns that are
    /// never NULL tells its rows apart.
    IdentifyRows { identity: ReplicaIdentity, alike: bool },
    /// Renew what the planner knows of a table.
    Analyse(TableName),
    /// Move a sequence beyond the position of the other side.
    AdvanceSequence,
    /// Set a cycling sequence to the position of the other side, unless it went on from there.
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
