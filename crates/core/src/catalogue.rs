//! Facts read from a database's catalogue, as plain values that checks judge and tests can write down.

mod definition;
mod place;
mod replication;

use serde::{Deserialize, Serialize};

pub use definition::{Definition, NOT_POPULATED, ObjectClass, Property, STATEMENT};
pub use replication::{FiringTrigger, MissingIdentity, ReplicaIdentity};

/// The schema Crossover keeps its marker and its access snapshots in, on both sides.
pub const OWN_SCHEMA: &str = "crossover";

/// A table's name as the catalogue spells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableName {
    pub schema: String,
    pub name: String,
}

impl TableName {
    /// The table of the catch-up markers. Every stream has to carry it.
    pub fn marker() -> Self {
        Self {
            schema: OWN_SCHEMA.to_owned(),
            name: "catch_up_marker".to_owned(),
        }
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// What a cutover needs of a server, each as its engine judges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// The version as one number, for example 160014.
    pub version_num: u32,
    /// Its changes can be decoded row by row.
    pub decodes_changes: Need,
    /// It can retain one more position.
    pub retains_another_position: Need,
    /// It can serve one more reader of its changes.
    pub serves_another_reader: Need,
    /// It takes writes: it is no standby.
    pub takes_writes: Need,
}

/// Something a cutover needs: it is there, or the engine says what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    Met,
    Unmet(Shortfall),
}

/// What is missing, in the engine's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The setting or part of the server it is about.
    pub object: String,
    /// What is wrong with it.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Need {
    /// Met, or else what is missing.
    pub fn unless(shortfall: Option<Shortfall>) -> Self {
        shortfall.map_or(Self::Met, Self::Unmet)
    }

    pub const fn shortfall(&self) -> Option<&Shortfall> {
        match self {
            Self::Met => None,
            Self::Unmet(shortfall) => Some(shortfall),
        }
    }
}

/// A table or partitioned table of the application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableFacts {
    pub table: TableName,
    /// A partitioned parent: it holds no rows of its own.
    pub partitioned: bool,
    /// The parent, when the table is a partition.
    pub partition_of: Option<TableName>,
    /// The parent, when the table inherits from one and is no partition.
    pub child_of: Option<TableName>,
    pub unlogged: bool,
    pub primary_key: Vec<String>,
    pub identity: ReplicaIdentity,
    /// A unique index over columns that are never NULL, checked at once: what could identify rows where the primary key cannot.
    pub unique_index: Option<String>,
    /// Row-level security hides rows from the role of our connection, or would if it did not refuse to read the table.
    pub rows_hidden: bool,
    /// Sorted by name. What a partition has from its parent is its parent's.
    pub firing_triggers: Vec<FiringTrigger>,
}

/// A role that can log in or that writers inherit from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFacts {
    pub role: String,
    pub can_login: bool,
    pub superuser: bool,
    /// It may write at least one table in scope: by grant, by ownership, or through a role it is a member of.
    pub writes: bool,
    /// Why it counts as a writer, for the operator: `owner of shop.orders`, `member of shop_writer`, …
    pub because: String,
    /// Sessions it has in this database now.
    pub sessions: u32,
}

/// A prepared transaction; nobody's session holds it and it commits whenever somebody says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedTransaction {
    pub gid: String,
    pub owner: String,
    pub age_ms: u64,
}

/// A transaction that is open now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTransaction {
    pub pid: i32,
    pub role: String,
    pub age_ms: u64,
}

/// A sequence and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceFacts {
    pub schema: String,
    pub name: String,
    pub increment: i64,
    pub min_value: i64,
    pub max_value: i64,
    pub cycle: bool,
    pub cache: i64,
    /// The last value taken from it; none when it was never used. It may run ahead of what was handed out.
    pub last_value: Option<i64>,
    /// Where it started counting.
    pub start_value: i64,
}

impl SequenceFacts {
    /// The same sequence when it has handed out `steps` more values, as far as its range reaches.
    #[must_use]
    pub fn moved_by(&self, steps: i64) -> Self {
        let moved = |position: i64| {
            position
                .saturating_add(self.increment.saturating_mul(steps))
                .clamp(self.min_value, self.max_value)
        };
        Self {
            last_value: self.last_value.map(moved),
            ..self.clone()
        }
    }

    /// Its first value lies beyond everything `other`, the same sequence on the other side, has handed out. A sequence at its end
    /// is beyond when it would fail rather than repeat a value. Equal is not beyond: both would hand out the same value next.
    /// Of sequences that cycle only that much is known.
    pub fn is_beyond(&self, other: &Self) -> bool {
        let Some(handed_out) = other.last_value else {
            return true;
        };
        let Some(position) = self.last_value else {
            return false;
        };
        if self.cycles_with(other) {
            return position != handed_out || self.min_value == self.max_value;
        }
        if self.increment > 0 {
            position > handed_out || position == self.max_value
        } else {
            position < handed_out || position == self.min_value
        }
    }
}

impl std::fmt::Display for SequenceFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// How fresh the planner's picture of a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStatistics {
    pub table: TableName,
    /// Rows that are in it now by the server's counters; of a partitioned table those of its partitions. The counters are lost
    /// with a crash: then it is 0.
    pub live_rows: u64,
    /// Rows the planner reckons with; none when nobody ever counted.
    pub planned_rows: Option<u64>,
    /// When it was last analysed, by hand or by autovacuum; none when never, as far as the server remembers.
    pub analysed_ms_ago: Option<u64>,
    /// The planner knows how its columns' values are spread. It outlives the counters.
    pub has_column_statistics: bool,
    /// Rows changed since it was last analysed. A partitioned table has none of its own.
    pub changed_since: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(increment: i64, last_value: Option<i64>) -> SequenceFacts {
        SequenceFacts {
            schema: "shop".into(),
            name: "ids".into(),
            increment,
            min_value: -1000,
            max_value: 1000,
            cycle: false,
            cache: 50,
            last_value,
            start_value: 1,
        }
    }

    fn is_beyond(new: (i64, Option<i64>), old: (i64, Option<i64>)) -> bool {
        sequence(new.0, new.1).is_beyond(&sequence(old.0, old.1))
    }

    #[test]
    fn equal_is_not_beyond() {
        assert!(!is_beyond((1, Some(7)), (1, Some(7))));
        assert!(is_beyond((1, Some(8)), (1, Some(7))));
    }

    #[test]
    fn a_descending_sequence_is_beyond_when_it_is_lower() {
        assert!(is_beyond((-1, Some(6)), (-1, Some(7))));
        assert!(!is_beyond((-1, Some(8)), (-1, Some(7))));
    }

    #[test]
    fn an_unused_sequence_is_beyond_an_unused_one_only() {
        assert!(!is_beyond((1, None), (1, Some(7))));
        assert!(is_beyond((1, None), (1, None)));
        assert!(is_beyond((1, Some(7)), (1, None)));
    }

    #[test]
    fn a_sequence_at_its_end_fails_rather_than_repeats() {
        assert!(is_beyond((1, Some(1000)), (1, Some(1000))));
        assert!(is_beyond((-1, Some(-1000)), (-1, Some(-1000))));
    }
}
