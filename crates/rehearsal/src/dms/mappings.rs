//! Reads DMS table mappings: explicit selection rules, as Crossover writes them.

use crossover_dms_api::Fault;
use serde_json::Value;

/// A table to replicate: schema and name.
pub type Table = (String, String);

/// The tables a document selects.
pub fn tables(document: &str) -> Result<Vec<Table>, Fault> {
    let parsed: Value = serde_json::from_str(document)
        .map_err(|e| Fault::invalid(format!("table mappings are not JSON: {e}")))?;
    let rules = parsed["rules"]
        .as_array()
        .ok_or_else(|| Fault::invalid("table mappings have no rules"))?;
    rules
        .iter()
        .map(|rule| {
            let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
            match (rule["rule-type"].as_str(), rule["rule-action"].as_str()) {
                (Some("selection"), Some("explicit")) => {}
                other => {
                    return Err(Fault::invalid(format!(
                        "the stand-in supports explicit selection rules only, not {other:?}"
                    )));
                }
            }
            let locator = &rule["object-locator"];
            text(&locator["schema-name"])
                .zip(text(&locator["table-name"]))
                .ok_or_else(|| Fault::invalid("a selection rule lacks schema-name or table-name"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_refused_rather_than_misread() {
        let document = r#"{"rules":[{"rule-type":"selection","rule-action":"include","object-locator":{"schema-name":"%","table-name":"%"}}]}"#;
        assert_eq!(
            tables(document).unwrap_err().code,
            "InvalidParameterValueException"
        );
    }
}
