//! Facts read from a database's catalogue, as plain values for checks and tests.

mod definition;
mod place;
mod qualified;
mod replication;

use serde::{Deserialize, Serialize};

use crate::Millis;

pub use definition::{
    COLUMN_ORDER, Definition, NEXT_COLUMN, NOT_POPULATED, ObjectClass, Property, STATEMENT,
};
pub use replication::{FiringTrigger, MissingIdentity, ReplicaIdentity};

/// The schema of Crossover's marker table and access snapshots, on both sides.
pub const OWN_SCHEMA: &str = "crossover";

/// A table's name, exactly as in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableName {
    pub schema: String,
    pub name: String,
}

impl TableName {
    /// The table of the catch-up markers. Every stream has to replicate it.
    pub fn marker() -> Self {
        Self {
            schema: OWN_SCHEMA.to_owned(),
            name: "catch_up_marker".to_owned(),
        }
    }

    /// The name without its schema, as `Display` writes it.
    pub fn without_schema(&self) -> std::borrow::Cow<'_, str> {
        qualified::part(&self.name)
    }

    /// The name in a text as `Display` writes it; `None` without a schema.
    pub fn read(text: &str) -> Option<Self> {
        let (schema, name) = qualified::read(text)?;
        Some(Self { schema, name })
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        qualified::write(f, &self.schema, &self.name)
    }
}

/// The use of a server's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLoad {
    /// Sessions of clients, of all databases of the server.
    pub sessions: u32,
    /// How many sessions the application can have.
    pub most_sessions: u32,
}

/// The requirements of a cutover on a server, each judged by its engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// The version as one number, for example 160014.
    pub version_num: u32,
    /// The server can decode its changes row by row.
    pub decodes_changes: Need,
    /// The server can retain one more position.
    pub retains_another_position: Need,
    /// The server can serve one more reader of its changes.
    pub serves_another_reader: Need,
    /// The server accepts writes: it is not a standby.
    pub takes_writes: Need,
}

/// A requirement of a cutover: met, or with the engine's description of what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    Met,
    Unmet(Shortfall),
}

/// An unmet requirement, in the engine's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shortfall {
    /// The setting or part of the server.
    pub object: String,
    /// The fault, as a sentence whose subject is the object.
    pub message: String,
    /// What the operator has to do.
    pub remedy: String,
}

impl Need {
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
    /// A partitioned table: all its rows are in its partitions.
    pub partitioned: bool,
    /// The parent, when the table is a partition.
    pub partition_of: Option<TableName>,
    /// The parent, when the table inherits from one and is not a partition.
    pub child_of: Option<TableName>,
    pub unlogged: bool,
    pub primary_key: Vec<String>,
    pub identity: ReplicaIdentity,
    /// A unique index over columns that are never NULL, not deferrable: it could identify rows where the
    /// primary key cannot.
    pub unique_index: Option<String>,
    /// Row-level security applies to Crossover's role: it hides rows, or makes the server refuse to read the
    /// table.
    pub rows_hidden: bool,
    /// Sorted by name. Triggers that a partition inherits are listed at its parent only.
    pub firing_triggers: Vec<FiringTrigger>,
}

/// A role that can log in or that writers inherit from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFacts {
    pub role: String,
    pub can_login: bool,
    pub superuser: bool,
    /// The role may write at least one table in scope: by grant, by ownership, or as a member of another
    /// role.
    pub writes: bool,
    /// Why the role counts as a writer, for the operator: `owner of shop.orders`, `member of shop_writer`, …
    pub because: String,
    /// The number of its sessions in this database now.
    pub sessions: u32,
}

/// A prepared transaction. No session holds it, and any session with the right can commit it at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedTransaction {
    pub gid: String,
    pub owner: String,
    pub age_ms: Millis,
}

/// A transaction that is open now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTransaction {
    pub pid: i32,
    pub role: String,
    pub age_ms: Millis,
}

/// A sequence and its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceFacts {
    pub schema: String,
    pub name: String,
    pub increment: i64,
    pub min_value: i64,
    pub max_value: i64,
    pub cycle: bool,
    pub cache: i64,
    /// The last value taken from the sequence; `None` for an unused one. With a cache, sessions may not have
    /// used it yet.
    pub last_value: Option<i64>,
    /// The first value of the sequence.
    pub start_value: i64,
}

impl SequenceFacts {
    /// The same sequence after `steps` more values, limited by its range.
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

    /// Whether the next value lies beyond every value that `other`, the same sequence on the other side, has
    /// given out. A sequence at its end counts as beyond, because it fails instead of repeating a value. An
    /// equal position is not beyond: both would give out the same value next. Positions of sequences that
    /// cycle have no order, so for them only "not equal" is known.
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
        qualified::write(f, &self.schema, &self.name)
    }
}

/// How current the planner's statistics of a table are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStatistics {
    pub table: TableName,
    /// Current rows by the server's counters; for a partitioned table those of its partitions. 0 after a
    /// crash, which loses the counters.
    pub live_rows: u64,
    /// The planner's estimate of the rows; `None` if the table was never analysed.
    pub planned_rows: Option<u64>,
    /// Time since the last analysis, manual or by the server itself; `None` if the server knows of none.
    pub analysed_ago_ms: Option<Millis>,
    /// The planner has statistics of the columns' values. They survive the loss of the counters.
    pub has_column_statistics: bool,
    /// Rows changed since the last analysis; always 0 for a partitioned table.
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
