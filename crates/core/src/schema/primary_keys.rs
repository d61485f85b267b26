//! Tables whose rows nothing tells apart.

use serde::{Deserialize, Serialize};

use super::{Remedies, Remedy, Severity};
use crate::catalogue::TableFacts;

/// A table without a primary key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableWithoutKey {
    /// `schema.name`.
    pub table: String,
    pub severity: Severity,
    pub detail: String,
    pub remedy: String,
}

/// Tables of the source without a primary key, sorted. A partition is its parent's matter; a key that only one side has, or
/// has otherwise, is a difference of the schema.
pub fn without_key(tables: &[TableFacts], engine: &dyn Remedies) -> Vec<TableWithoutKey> {
    let mut found: Vec<TableWithoutKey> = tables
        .iter()
        .filter(|t| t.primary_key.is_empty() && t.partition_of.is_none())
        .map(|t| TableWithoutKey {
            table: t.table.to_string(),
            severity: Severity::Warning,
            detail: format!(
                "table {}: has no primary key, so its rows can be counted but not told apart, and its updates and deletes not \
                 replicated",
                t.table
            ),
            remedy: format!("{} on both sides, or exclude it", engine.remedy(&Remedy::AddPrimaryKey)),
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::TableName, schema::remedy::tests::Plain};

    fn table(name: &str, primary_key: &[&str], partition_of: Option<&str>) -> TableFacts {
        let named = |name: &str| TableName {
            schema: "shop".into(),
            name: name.into(),
        };
        TableFacts {
            table: named(name),
            partitioned: false,
            partition_of: partition_of.map(named),
            unlogged: false,
            primary_key: primary_key.iter().map(|&c| c.to_owned()).collect(),
        }
    }

    #[test]
    fn tables_without_a_key_are_all_named_and_partitions_left_to_their_parent() {
        let found = without_key(
            &[
                table("log", &[], None),
                table("events_2026", &[], Some("events")),
                table("orders", &["id"], None),
                table("events", &[], None),
            ],
            &Plain,
        );
        let names: Vec<&str> = found.iter().map(|f| f.table.as_str()).collect();
        assert_eq!(names, ["shop.events", "shop.log"]);
        assert!(
            found
                .iter()
                .all(|f| f.severity == Severity::Warning && f.remedy.contains("AddPrimaryKey on both sides"))
        );
    }
}
