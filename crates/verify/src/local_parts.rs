//! A partitioned table of which some partitions are on other servers that do not answer: the others are compared, each
//! as a table of its own, and the missing ones are named.

use crossover_core::{
    catalogue::TableName,
    rows::{HashPlan, Leaf, TableShape},
};

use crate::{
    rows::Comparison,
    run::{CouldNotRun, PreparedTable, RowsReport, could_not_run, one},
};

/// Whether a side has some of the rows on another server.
pub fn are_some(table: &PreparedTable) -> bool {
    leaves(table).any(|leaf| leaf.on_other_server)
}

fn leaves(table: &PreparedTable) -> impl Iterator<Item = &Leaf> {
    table.shapes.0.leaves.iter().chain(&table.shapes.1.leaves)
}

/// Compares the partitions that both sides have and neither fetches. All others are named, with the reason why the
/// table could not be read as a whole.
pub async fn compare(
    comparison: &Comparison<'_>,
    table: &PreparedTable,
    quick: bool,
    whole: CouldNotRun,
    report: &mut RowsReport,
) {
    let local = |shape: &TableShape, name: &TableName| {
        let leaf = shape.leaves.iter().find(|leaf| leaf.relation == *name)?;
        (!leaf.on_other_server).then(|| leaf.clone())
    };
    let mut names: Vec<&TableName> = leaves(table).map(|leaf| &leaf.relation).collect();
    names.sort();
    names.dedup();
    let mut missing = Vec::new();
    for name in names {
        let Some((ours, theirs)) = local(&table.shapes.0, name).zip(local(&table.shapes.1, name)) else {
            missing.push(name.to_string());
            continue;
        };
        let part = PreparedTable {
            table: name.clone(),
            shapes: (shape(&table.shapes.0, ours), shape(&table.shapes.1, theirs)),
            forms: (form(&table.forms.0, name), form(&table.forms.1, name)),
        };
        match one(comparison, &part, quick).await {
            Ok(result) => report.take(result, comparison.options.values),
            Err(error) => report.could_not_run.push(could_not_run(name, &error)),
        }
    }
    let reason = format!(
        "its partitions {} were not read: {}",
        missing.join(", "),
        whole.reason
    );
    report.could_not_run.push(CouldNotRun { reason, ..whole });
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
