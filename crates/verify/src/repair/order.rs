//! Tables in the order of their foreign keys.

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::{catalogue::TableName, rows::TableWriting};

/// Tables with parents before children.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Order {
    pub tables: Vec<TableName>,
    /// Tables with circular references, or with references to themselves: no order of these tables satisfies
    /// every foreign key.
    pub cycles: Vec<Vec<TableName>>,
}

/// Sorts the tables; references to tables outside the set are ignored.
pub fn order(tables: &[TableWriting]) -> Order {
    let known: BTreeSet<&TableName> = tables.iter().map(|t| &t.table).collect();
    let mut order = Order::default();
    let mut waiting: BTreeMap<&TableName, BTreeSet<&TableName>> = BTreeMap::new();
    for table in tables {
        if table.refers_to.contains(&table.table) {
            order.cycles.push(vec![table.table.clone()]);
        }
        let parents = table
            .refers_to
            .iter()
            .filter(|parent| **parent != table.table && known.contains(parent));
        waiting.insert(&table.table, parents.collect());
    }
    while !waiting.is_empty() {
        let mut next: Vec<&TableName> = waiting
            .iter()
            .filter(|(_, parents)| parents.is_empty())
            .map(|(table, _)| *table)
            .collect();
        if next.is_empty() {
            next = cycle(&waiting);
            order.cycles.push(next.iter().map(|t| (*t).clone()).collect());
        }
        for table in next {
            waiting.remove(table);
            for parents in waiting.values_mut() {
                parents.remove(table);
            }
            order.tables.push(table.clone());
        }
    }
    order
}

/// Follows references from child to parent until a table repeats; every table here has a parent here.
fn cycle<'t>(waiting: &BTreeMap<&'t TableName, BTreeSet<&'t TableName>>) -> Vec<&'t TableName> {
    let mut way: Vec<&TableName> = Vec::new();
    let mut at = waiting.keys().next().copied();
    while let Some(table) = at {
        if let Some(place) = way.iter().position(|seen| *seen == table) {
            way.drain(..place);
            break;
        }
        way.push(table);
        at = waiting.get(table).and_then(|parents| parents.first()).copied();
    }
    way.sort_unstable();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> TableName {
        TableName {
            schema: "s".into(),
            name: name.into(),
        }
    }

    fn ordered(tables: &[(&str, &[&str])]) -> (Vec<String>, Vec<Vec<String>>) {
        let tables: Vec<TableWriting> = tables
            .iter()
            .map(|(table, parents)| TableWriting {
                table: name(table),
                granted: true,
                generated: Vec::new(),
                always_identity: Vec::new(),
                compared_by_text: Vec::new(),
                refers_to: parents.iter().map(|p| name(p)).collect(),
            })
            .collect();
        let order = order(&tables);
        let names = |tables: &[TableName]| tables.iter().map(|t| t.name.clone()).collect();
        (
            names(&order.tables),
            order.cycles.iter().map(|c| names(c)).collect(),
        )
    }

    #[test]
    fn parents_come_before_children() {
        let (tables, cycles) = ordered(&[
            ("a_items", &["orders", "products"]),
            ("orders", &["z_customers"]),
            ("products", &["elsewhere"]),
            ("z_customers", &[]),
        ]);
        assert_eq!(tables, ["products", "z_customers", "orders", "a_items"]);
        assert!(cycles.is_empty());
    }

    #[test]
    fn a_circle_is_named_and_other_tables_keep_their_order() {
        let (tables, cycles) = ordered(&[("a", &["b"]), ("b", &["c"]), ("c", &["b", "d"]), ("d", &["d"])]);
        assert_eq!(tables, ["d", "b", "c", "a"]);
        assert_eq!(cycles, [vec!["d".to_owned()], vec!["b".into(), "c".into()]]);
    }
}
