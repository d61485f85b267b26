//! What a table brings with it when its changes are replicated.

/// What a change of a table carries of the row as it was before: updates and deletes find their row by it on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ReplicaIdentity {
    /// The columns of a unique index: the primary key, or the index that was chosen.
    #[default]
    Key,
    /// All columns.
    FullRow,
    /// Nothing: updates and deletes cannot be carried.
    Missing(MissingIdentity),
}

/// Why a change carries nothing of the old row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MissingIdentity {
    NoPrimaryKey,
    /// A key that may be checked as late as the commit is no identity.
    DeferrablePrimaryKey,
    /// `replica identity nothing`, whatever keys the table has.
    Nothing,
    /// `replica identity using index`, and the index was dropped since.
    IndexIsGone,
}

impl MissingIdentity {
    /// As a part of a sentence about the table.
    pub const fn because(self) -> &'static str {
        match self {
            Self::NoPrimaryKey => "has no primary key",
            Self::DeferrablePrimaryKey => {
                "has a deferrable primary key, which identifies no row for replication"
            }
            Self::Nothing => "has replica identity nothing",
            Self::IndexIsGone => "has lost the index of its replica identity",
        }
    }
}

/// A trigger that fires for replicated changes too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FiringTrigger {
    pub name: String,
    /// It fires for the application's writes as well (`enable always`), not for replicated ones only (`enable replica`).
    pub always: bool,
}
