//! Tables without a key that distinguishes their rows, or whose updates and deletes cannot be replicated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Remedies, Remedy, Severity};
use crate::catalogue::{ReplicaIdentity, TableFacts, TableName};

/// A table that lacks what replication or the comparison needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableWithoutKey {
    /// `schema.name`; for partitions and child tables, the name of the parent.
    pub table: String,
    pub severity: Severity,
    /// The fault without the table's name, so that reports can group tables with the same fault.
    pub cause: String,
    pub detail: String,
    pub remedy: String,
}

/// A table whose replica identity is not a key. Partitions and child tables are named by their parent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentityFault {
    pub table: TableName,
    /// The number of partitions or child tables with the fault; 0 where the table itself has the fault.
    pub children: usize,
    pub identity: ReplicaIdentity,
    /// No unique index over columns that are never NULL: identical rows can be counted but not distinguished.
    pub alike: bool,
}

impl IdentityFault {
    pub const fn remedy(&self) -> Remedy {
        Remedy::IdentifyRows {
            identity: self.identity,
            alike: self.alike,
        }
    }
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

/// Tables whose changes carry no key of the old row, sorted. A partitioned table has no rows, so its
/// partitions are checked instead.
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
    // A parent without partitions has no rows yet; its first partition will have the same fault.
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

/// The findings for the tables of the source, sorted. A key that exists on one side only, or differs, is a
/// difference of the schema. Whether the stream supports replica identity full is left to the pre-checks,
/// which know the stream.
pub fn without_key(tables: &[TableFacts], engine: &dyn Remedies) -> Vec<TableWithoutKey> {
    let faults = identity_faults(tables);
    faults.iter().filter_map(|fault| finding(fault, engine)).collect()
}

fn finding(fault: &IdentityFault, engine: &dyn Remedies) -> Option<TableWithoutKey> {
    let rows = if fault.alike {
        "; identical rows can be counted but not distinguished"
    } else {
        ""
    };
    let cause = match fault.identity {
        ReplicaIdentity::Key => return None,
        ReplicaIdentity::FullRow if !fault.alike => return None,
        ReplicaIdentity::FullRow => {
            "has no key and replica identity full: identical rows can be counted but not distinguished, and each replicated update \
             or delete scans the table"
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
        remedy: engine.remedy(&fault.remedy()),
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
                // The partitions do not inherit the parent's replica identity.
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
    fn each_finding_names_its_own_cause() {
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
        let details: Vec<&str> = found.iter().map(|f| f.detail.as_str()).collect();
        assert_eq!(details.len(), 4, "{details:#?}");
        assert!(details[0].starts_with("table shop.full_without: has no key and replica identity full"));
        assert!(!details[0].contains("cannot be replicated"), "{details:#?}");
        assert!(details[1].contains("deferrable primary key") && details[1].contains("cannot be replicated"));
        assert!(details[2].contains("replica identity nothing"));
        assert!(details[3].contains("no primary key") && !details[3].contains("distinguished"));
        assert_eq!(
            found[3].remedy,
            "IdentifyRows { identity: Missing(NoPrimaryKey), alike: false }"
        );
    }
}
