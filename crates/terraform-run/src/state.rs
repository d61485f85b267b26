//! What `terraform show -json` says of a state.

use serde_json::Value;

/// One resource that Terraform has created.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// With the modules that it is in, as `module.a.aws_x.y["z"]`.
    pub address: String,
    pub kind: String,
}

/// All managed resources, sorted.
pub fn resources(state: &Value) -> Vec<Resource> {
    let mut resources = Vec::new();
    let mut open = vec![&state["values"]["root_module"]];
    while let Some(module) = open.pop() {
        let all = module["resources"].as_array().into_iter().flatten();
        for resource in all.filter(|resource| resource["mode"] == "managed") {
            let text = |key: &str| resource[key].as_str().unwrap_or_default().to_owned();
            resources.push(Resource {
                address: text("address"),
                kind: text("type"),
            });
        }
        open.extend(module["child_modules"].as_array().into_iter().flatten());
    }
    resources.sort();
    resources
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn resources_of_all_modules_are_found_and_data_is_left_out() {
        let one = |mode: &str, address: &str| json!({ "mode": mode, "address": address, "type": "aws_x" });
        let state = json!({ "values": { "root_module": {
            "resources": [one("managed", "aws_x.b"), one("data", "data.aws_x.c")],
            "child_modules": [{ "child_modules": [{ "resources": [one("managed", "aws_x.a")] }] }],
        } } });
        let addresses: Vec<String> = resources(&state).into_iter().map(|one| one.address).collect();
        assert_eq!(addresses, ["aws_x.a", "aws_x.b"]);
        assert_eq!(resources(&json!({})), []);
    }
}
