//! The conditions a certificate depends on. They are read twice by the same means: before the comparison, and
//! when the operator asks whether the certificate still holds.

use std::collections::BTreeMap;

use crossover_core::catalogue::TableName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{SideFacts, Sides, Statement};

/// Both databases at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// When they were read.
    pub at: Timestamp,
    pub sides: Sides<SideConditions>,
}

/// One database at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideConditions {
    pub facts: SideFacts,
    /// Every table in scope with its write counters; `None`: writes are not counted (`track_counts` is off).
    pub tables: BTreeMap<TableName, Option<WriteCounters>>,
}

/// The server's counters of writes to one table since its statistics began, including writes that were rolled
/// back.
///
/// A session reports its writes with a delay of some seconds (at most a minute). So changed counters prove a
/// write, and unchanged counters prove only that there was none until about a minute ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WriteCounters {
    /// `pg_stat_all_tables.n_tup_ins`, partitions included.
    pub inserts: u64,
    /// `n_tup_upd`.
    pub updates: u64,
    /// `n_tup_del`.
    pub deletes: u64,
    /// The files that contain the rows, `pg_relation_filenode` of the table and its partitions: TRUNCATE and
    /// an ALTER TABLE that rewrites raise no counter, but they change the files (as does VACUUM FULL, which
    /// then only costs a comparison).
    pub storage: String,
}

impl Conditions {
    /// The conditions in a certificate.
    pub(super) fn of(statement: &Statement) -> Self {
        let side = |facts: &SideFacts,
                    writes: fn(&Sides<Option<WriteCounters>>) -> &Option<WriteCounters>| {
            let tables = statement.tables.iter();
            SideConditions {
                facts: facts.clone(),
                tables: tables
                    .map(|table| (table.table.clone(), writes(&table.writes).clone()))
                    .collect(),
            }
        };
        Self {
            at: statement.started_at,
            sides: Sides {
                source: side(&statement.sides.source, |writes| &writes.source),
                target: side(&statement.sides.target, |writes| &writes.target),
            },
        }
    }
}
