//! The rows that a statement reads, as the SQL after `from`. The table is called `q`.

use crossover_core::{
    catalogue::TableName,
    rows::{Bounds, HashPlan, Region},
};

use crate::quoting::{ident, literal, qualified};

/// The relation and the condition.
pub fn from_where(form: &HashPlan, region: &Region) -> String {
    from_where_and(form, region, None)
}

/// The same with one more condition.
pub fn from_where_and(form: &HashPlan, region: &Region, more: Option<String>) -> String {
    let mut conditions = Vec::new();
    let relation = match region {
        Region::Leaves(relations) => return of_leaves(form, relations, more.as_deref()),
        Region::Leaf { relation, blocks } => {
            if let Some((from, to)) = blocks {
                conditions.push(format!(
                    "q.ctid >= '({from},0)'::tid and q.ctid < '({to},0)'::tid"
                ));
            }
            format!("only {}", qualified(&relation.schema, &relation.name))
        }
        Region::Keys(bounds) => {
            conditions.extend(within(form, bounds));
            relation(form)
        }
        Region::Whole => relation(form),
    };
    // In parentheses and with a line break after it, so that neither `or` nor a comment in the condition
    // affects the rest.
    conditions.extend(form.condition.iter().map(|c| format!("({c}\n)")));
    conditions.extend(more);
    if conditions.is_empty() {
        format!("{relation} q")
    } else {
        format!("{relation} q where {}", conditions.join(" and "))
    }
}

/// Several leaves as one. Each has all conditions, which may name columns that are not compared; the columns are named,
/// because leaves may have them in different orders.
fn of_leaves(form: &HashPlan, relations: &[TableName], more: Option<&str>) -> String {
    let columns: Vec<String> = form
        .columns
        .iter()
        .map(|column| format!("q.{}", ident(&column.name)))
        .collect();
    let leaves: Vec<String> = relations
        .iter()
        .map(|relation| {
            let leaf = Region::Leaf {
                relation: relation.clone(),
                blocks: None,
            };
            let from = from_where_and(form, &leaf, more.map(str::to_owned));
            format!("select {} from {from}", columns.join(", "))
        })
        .collect();
    format!("({}) q", leaves.join(" union all "))
}

/// `only`, unless the table is partitioned: children by inheritance are separate tables.
pub fn relation(form: &HashPlan) -> String {
    let name = qualified(&form.table.schema, &form.table.name);
    if form.partitioned {
        name
    } else {
        format!("only {name}")
    }
}

/// Keys whose first column lies within these bounds.
pub fn within(form: &HashPlan, bounds: &Bounds) -> Vec<String> {
    let Some(column) = form.key_columns().next() else {
        return Vec::new();
    };
    let bound = |text: &String, operator: &str| {
        format!(
            "q.{} {operator} {}::{}",
            ident(&column.name),
            literal(text),
            column.sql_type
        )
    };
    let from = bounds.from.as_ref().map(|text| bound(text, ">="));
    let to = bounds.to.as_ref().map(|text| bound(text, "<"));
    from.into_iter().chain(to).collect()
}
