//! Properties of a table that affect the replication of its changes.

/// The part of the old row that a change carries. Updates and deletes find their row on the other side by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ReplicaIdentity {
    /// The columns of a unique index: the primary key, or the index named by `replica identity using index`.
    #[default]
    Key,
    /// All columns.
    FullRow,
    /// Nothing: updates and deletes cannot be replicated.
    Missing(MissingIdentity),
}

/// Why a change carries no part of the old row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MissingIdentity {
    NoPrimaryKey,
    /// A key that is checked only at the commit cannot be a replica identity.
    DeferrablePrimaryKey,
    /// `replica identity nothing`; the keys of the table are not used.
    Nothing,
    /// `replica identity using index`, and the index has been dropped since.
    IndexIsGone,
}

impl MissingIdentity {
    /// A phrase whose subject is the table.
    pub const fn because(self) -> &'static str {
        match self {
            Self::NoPrimaryKey => "has no primary key",
            Self::DeferrablePrimaryKey => {
                "has a deferrable primary key, which cannot identify rows for replication"
            }
            Self::Nothing => "has replica identity nothing",
            Self::IndexIsGone => "has a replica identity whose index was dropped",
        }
    }
}

/// A trigger that fires for replicated changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FiringTrigger {
    pub name: String,
    /// The trigger fires for the application's writes as well (`enable always`), not only for replicated
    /// changes (`enable replica`).
    pub always: bool,
}
