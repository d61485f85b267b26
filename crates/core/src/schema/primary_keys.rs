//! Tables whose rows nothing tells apart, or whose updates and deletes no stream can carry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Remedies, Remedy, Severity};
use crate::catalogue::{ReplicaIdentity, TableFacts, TableName};

/// A table that lacks what replication or the comparison needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableWithoutKey {
    /// `schema.name`; of partitions and child tables the parent's.
    pub table: String,
    pub severity: Severity,
    /// What is wrong, without the table's name: findings with the same cause are one for a person.
    pub cause: String,
    pub detail: String,
    pub remedy: String,
}

/// What replication finds wanting in a table's replica identity. Partitions and child tables are named by their parent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentityFault {
    pub table: TableName,
    /// How many partitions or child tables of it have the fault; 0: the table itself, which has none.
    pub children: usize,
    pub identity: ReplicaIdentity,
    /// No unique index over columns that are never NULL: equal rows can be counted, not told apart.
    pub alike: bool,
}

impl std::fmt::Display for IdentityFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.table)?;
        match self.children {
            0 => Ok(()),
            1 => f.write_str(" (1 table under it)"),
            n => write!(f, " ({n} tables under it)"),
        }
    }
}

/// Tables whose changes carry no key of the old row, sorted. A partitioned table has no rows, so its partitions are judged.
pub fn identity_faults(tables: &[TableFacts]) -> Vec<IdentityFault> {
    let parents: BTreeMap<&TableName, &TableName> = tables
        .iter()
        .filter_map(|t| Some((&t.table, t.partition_of.as_ref().or(t.child_of.as_ref())?)))
        .collect();
    let root = |table: &TableFacts| {
        let mut root = &table.table;
        // Inheritance has no cycles; a parent out of scope ends the walk after its name.
        while let Some(parent) = parents.get(root) {
            root = parent;
        }
        root.clone()
    };
    let mut found: BTreeMap<(TableName, ReplicaIdentity, bool), usize> = BTreeMap::new();
    for table in tables.iter().filter(|t| !t.partitioned) {
        let alike = table.unique_index.is_none();
        if table.identity == ReplicaIdentity::Key {
            continue;
        }
        let root = root(table);
        let child = usize::from(root != table.table);
        *found.entry((root, table.identity, alike)).or_default() += child;
    }
    // A parent without partitions has no rows, and gets some with its first partition.
    for table in tables.iter().filter(|t| t.partitioned) {
        let is_empty = !parents.values().any(|parent| **parent == table.table);
        if is_empty && table.partition_of.is_none() && table.identity != ReplicaIdentity::Key {
            found.insert(
                (table.table.clone(), table.identity, table.unique_index.is_none()),
                0,
            );
        }
    }
    found
        .into_iter()
        .map(|((table, identity, alike), children)| IdentityFault {
            table,
            children,
            identity,
            alike,
        })
        .collect()
}

/// What a person is told of the tables of the source, sorted. A key that only one side has, or has otherwise, is a difference of
/// the schema; which stream carries whole rows is known where the stream is known, by the pre-checks.
pub fn without_key(tables: &[TableFacts], engine: &dyn Remedies) -> Vec<TableWithoutKey> {
    let faults = identity_faults(tables);
    faults.iter().filter_map(|fault| told(fault, engine)).collect()
}

fn told(fault: &IdentityFault, engine: &dyn Remedies) -> Option<TableWithoutKey> {
    let rows = if fault.alike {
        "; its rows can be counted but not told apart"
    } else {
        ""
    };
    let cause = match fault.identity {
        ReplicaIdentity::Key => return None,
        ReplicaIdentity::FullRow if !fault.alike => return None,
        ReplicaIdentity::FullRow => {
            "has no key and replica identity full: equal rows can be counted but not told apart, and each change is found by reading \
             the table"
                .to_owned()
        }
        ReplicaIdentity::Missing(missing) => format!(
            "{}: its updates and deletes cannot be replicated (a publication makes the server refuse them){rows}",
            missing.because()
        ),
    };
    Some(TableWithoutKey {
        table: fault.table.to_string(),
        severity: Severity::Warning,
        detail: format!("table {fault}: {cause}"),
        cause,
        remedy: engine.remedy(&Remedy::IdentifyRows {
            identity: fault.identity,
            alike: fault.alike,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::MissingIdentity, schema::remedy::tests::Plain};

    const NO_KEY: ReplicaIdentity = ReplicaIdentity::Missing(MissingIdentity::NoPrimaryKey);

    fn named(name: &str) -> TableName {
        TableName {
            schema: "shop".into(),
            name: name.into(),
        }
    }

    fn table(name: &str, identity: ReplicaIdentity) -> TableFacts {
        TableFacts {
            table: named(name),
            identity,
            ..TableFacts::default()
        }
    }

    #[test]
    fn partitions_and_child_tables_are_named_by_their_parent() {
        let partition = |name, of, identity| TableFacts {
            partition_of: Some(named(of)),
            ..table(name, identity)
        };
        let parent = |name| TableFacts {
            partitioned: true,
            ..table(name, NO_KEY)
        };
        let child = |name, of| TableFacts {
            child_of: Some(named(of)),
            ..table(name, NO_KEY)
        };
        let found = without_key(
            &[
                table("log", NO_KEY),
                child("log_2026", "log"),
                parent("events"),
                partition("events_2026", "events", NO_KEY),
                TableFacts {
                    partitioned: true,
                    ..partition("events_2025", "events", NO_KEY)
                },
                partition("events_2025_1", "events_2025", NO_KEY),
                table("orders", ReplicaIdentity::Key),
                parent("empty"),
                // The parent's identity says nothing about its partitions.
                TableFacts {
                    identity: ReplicaIdentity::FullRow,
                    ..parent("kept")
                },
                partition("kept_1", "kept", ReplicaIdentity::Key),
            ],
            &Plain,
        );
        let details: Vec<&str> = found
            .iter()
            .map(|f| f.detail.split_once(": has").unwrap().0)
            .collect();
        assert_eq!(
            details,
            [
                "table shop.empty",
                "table shop.events (2 tables under it)",
                "table shop.log (1 table under it)"
            ]
        );
        assert!(
            found
                .iter()
                .all(|f| f.severity == Severity::Warning && f.cause == found[0].cause)
        );
    }

    #[test]
    fn each_cause_is_said_where_it_is_true() {
        let with_index = |name, identity| TableFacts {
            unique_index: Some("by_code".into()),
            ..table(name, identity)
        };
        let found = without_key(
            &[
                with_index("by_index", ReplicaIdentity::Key),
                with_index("full", ReplicaIdentity::FullRow),
                table("full_without", ReplicaIdentity::FullRow),
                with_index(
                    "late",
                    ReplicaIdentity::Missing(MissingIdentity::DeferrablePrimaryKey),
                ),
                with_index("mute", ReplicaIdentity::Missing(MissingIdentity::Nothing)),
                with_index("unchosen", NO_KEY),
            ],
            &Plain,
        );
        let told: Vec<&str> = found.iter().map(|f| f.detail.as_str()).collect();
        assert_eq!(told.len(), 4, "{told:#?}");
        assert!(told[0].starts_with("table shop.full_without: has no key and replica identity full"));
        assert!(!told[0].contains("cannot be replicated"), "{told:#?}");
        assert!(told[1].contains("deferrable primary key") && told[1].contains("cannot be replicated"));
        assert!(told[2].contains("replica identity nothing"));
        assert!(told[3].contains("no primary key") && !told[3].contains("told apart"));
        assert_eq!(
            found[3].remedy,
            "IdentifyRows { identity: Missing(NoPrimaryKey), alike: false }"
        );
    }
}
