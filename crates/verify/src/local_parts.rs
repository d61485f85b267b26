//! A partitioned table of which some partitions are on other servers that do not answer: the others are compared, each
//! as a table of its own, and the missing ones are named.

use crossover_core::{
    catalogue::TableName,
    rows::{HashPlan, Leaf, TableShape},
};

use crate::prepared::PreparedTable;

/// Whether a side has some of the rows on another server.
pub fn are_some(table: &PreparedTable) -> bool {
    leaves(table).any(|leaf| leaf.on_other_server)
}

fn leaves(table: &PreparedTable) -> impl Iterator<Item = &Leaf> {
    table.shapes.0.leaves.iter().chain(&table.shapes.1.leaves)
}

/// The partitions that both sides have and neither fetches, each as a table of its own; and the names of all others.
pub fn of(table: &PreparedTable) -> (Vec<PreparedTable>, Vec<TableName>) {
    let local = |shape: &TableShape, name: &TableName| {
        let leaf = shape.leaves.iter().find(|leaf| leaf.relation == *name)?;
        (!leaf.on_other_server).then(|| leaf.clone())
    };
    let mut names: Vec<&TableName> = leaves(table).map(|leaf| &leaf.relation).collect();
    names.sort();
    names.dedup();
    let (mut parts, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        let Some((ours, theirs)) = local(&table.shapes.0, name).zip(local(&table.shapes.1, name)) else {
            missing.push(name.clone());
            continue;
        };
        parts.push(PreparedTable {
            table: name.clone(),
            shapes: (shape(&table.shapes.0, ours), shape(&table.shapes.1, theirs)),
            forms: (form(&table.forms.0, name), form(&table.forms.1, name)),
        });
    }
    (parts, missing)
}

fn shape(parent: &TableShape, leaf: Leaf) -> TableShape {
    TableShape {
        table: leaf.relation.clone(),
        partitioned: false,
        leaves: vec![leaf],
        ..parent.clone()
    }
}

fn form(parent: &HashPlan, table: &TableName) -> HashPlan {
    HashPlan {
        table: table.clone(),
        partitioned: false,
        ..parent.clone()
    }
}
