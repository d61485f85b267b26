//! What a plan wants to change, from `terraform show -json`.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// One change of a resource, or of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub address: String,
    /// Type of the resource; `output` of an output.
    pub kind: String,
    /// As Terraform names them: create, update, delete.
    pub actions: Vec<String>,
    /// The attributes that differ or are not known yet; all of a new resource's.
    pub attributes: BTreeSet<String>,
}

impl Change {
    /// Changed in place, neither replaced nor created nor deleted.
    pub fn updates(&self) -> bool {
        self.actions == ["update"]
    }

    /// Something that exists is changed, replaced or deleted.
    pub fn touches(&self) -> bool {
        self.actions.iter().any(|action| action != "create")
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
        write!(f, "{}: {}", self.address, self.actions.join(" and "))?;
        if self.updates() {
            write!(f, " {}", list.join(", "))?;
        }
        Ok(())
    }
}

/// Everything but resources that stay and data that is read.
pub fn changes(plan: &Value) -> Vec<Change> {
    let resources = plan["resource_changes"].as_array().into_iter().flatten();
    let resources = resources.map(|one| {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        change(text("address"), text("type"), &one["change"])
    });
    let outputs = plan["output_changes"].as_object().into_iter().flatten();
    let outputs = outputs.map(|(name, one)| change(format!("output.{name}"), "output".to_owned(), one));
    resources
        .chain(outputs)
        .filter(|change| {
            !change
                .actions
                .iter()
                .all(|action| action == "no-op" || action == "read")
        })
        .collect()
}

fn change(address: String, kind: String, change: &Value) -> Change {
    let actions = change["actions"].as_array().into_iter().flatten();
    let mut attributes = BTreeSet::new();
    let after = change["after"].as_object();
    for (name, value) in after.into_iter().flatten() {
        if change["before"][name] != *value {
            attributes.insert(name.clone());
        }
    }
    let unknown = change["after_unknown"].as_object();
    for (name, value) in unknown.into_iter().flatten() {
        if holds_true(value) {
            attributes.insert(name.clone());
        }
    }
    Change {
        address,
        kind,
        actions: actions.filter_map(Value::as_str).map(str::to_owned).collect(),
        attributes,
    }
}

/// `after_unknown` has the shape of the value, with true where something is not known.
fn holds_true(value: &Value) -> bool {
    match value {
        Value::Bool(known) => *known,
        Value::Array(list) => list.iter().any(holds_true),
        Value::Object(map) => map.values().any(holds_true),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_names_the_attributes_that_differ_or_are_unknown() {
        let plan = json!({ "resource_changes": [
            { "address": "aws_x.a", "type": "aws_x", "change": {
                "actions": ["update"], "before": { "p": 1, "q": [1], "r": "s" }, "after": { "p": 1, "q": [2] },
                "after_unknown": { "r": true, "t": [{ "u": false }] } } },
            { "address": "aws_x.b", "type": "aws_x", "change": { "actions": ["no-op"], "before": {}, "after": {} } },
            { "address": "data.aws_x.c", "type": "aws_x", "change": { "actions": ["read"], "after": { "p": 1 } } },
        ], "output_changes": { "o": { "actions": ["update"], "before": 1, "after": 2 }, "n": { "actions": ["no-op"] } } });
        let found = changes(&plan);
        assert_eq!(found[0].to_string(), "aws_x.a: update q, r");
        assert_eq!(found[1].address, "output.o");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn what_is_replaced_touches_what_exists_and_what_is_created_does_not() {
        let of = |actions: Value| change("a".to_owned(), "b".to_owned(), &json!({ "actions": actions }));
        assert!(of(json!(["delete", "create"])).touches() && !of(json!(["delete", "create"])).updates());
        assert!(!of(json!(["create"])).touches());
    }
}
