//! DMS table mappings: the JSON document that lists the tables of a task.

use crossover_core::catalogue::TableName;
use serde_json::{Value, json};

/// Selection rules for exactly these tables.
///
/// Source: AWS DMS user guide, "Selection rules and actions": with the action `explicit`, names contain no
/// wildcards.
pub fn selection(tables: &[TableName]) -> Value {
    let rules: Vec<Value> = tables
        .iter()
        .enumerate()
        .map(|(index, table)| {
            let number = (index + 1).to_string();
            json!({
                "rule-type": "selection",
                "rule-id": number,
                "rule-name": number,
                "object-locator": {"schema-name": table.schema, "table-name": table.name},
                "rule-action": "explicit",
            })
        })
        .collect();
    json!({ "rules": rules })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_own_rule() {
        let tables = ["orders", "order_items"].map(|name| TableName {
            schema: "shop".into(),
            name: name.into(),
        });
        let mappings = selection(&tables);
        assert_eq!(
            mappings["rules"][1]["object-locator"]["table-name"],
            "order_items"
        );
        assert_ne!(mappings["rules"][0]["rule-id"], mappings["rules"][1]["rule-id"]);
    }
}
