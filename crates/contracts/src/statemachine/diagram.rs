//! The state machines drawn in Mermaid, which GitHub shows as pictures: `docs/state-machines.md`.

use std::fmt::Write as _;

use serde_json::Value;

const HEAD: &str = "# The state machines\n\n\
<!-- Generated from statemachine/source by `cargo xtask asl`; a test compares the two. -->\n\n\
Solid lines are the way of a run, dotted lines are errors that are caught. A task is a box, a choice a rhombus, an end a stadium; retries are in\n\
`statemachine/*.asl.json`. What each state does: [cutover-protocol.md](cutover-protocol.md).\n";

/// The page of these machines, each with its name and its definition.
pub fn page(machines: &[(String, String)]) -> serde_json::Result<String> {
    let mut page = HEAD.to_owned();
    for (name, definition) in machines {
        let machine: Value = serde_json::from_str(definition)?;
        let comment = machine["Comment"].as_str().unwrap_or_default();
        // Writing into a string cannot fail.
        let _ = write!(page, "\n## {name}\n\n{comment}.\n\n```mermaid\nflowchart TD\n");
        draw(&machine, &mut page);
        page.push_str("```\n");
    }
    Ok(page)
}

fn draw(machine: &Value, page: &mut String) {
    for (name, state) in machine["States"].as_object().into_iter().flatten() {
        let shown = match state["Type"].as_str() {
            Some("Choice") => format!("{{\"{name}\"}}"),
            Some("Succeed") => format!("([\"{name}\"])"),
            Some("Fail") => match state["Error"].as_str() {
                Some(error) if error != name => format!("([\"{name}: {error}\"])"),
                _ => format!("([\"{name}\"])"),
            },
            _ => format!("[\"{name}\"]"),
        };
        let _ = writeln!(page, "  {}{shown}", id(name));
        let mut arrow = |line: &str, label: &str, to: &Value| {
            if let Some(to) = to.as_str() {
                let label = if label.is_empty() {
                    String::new()
                } else {
                    format!("|\"{label}\"|")
                };
                let _ = writeln!(page, "  {} {line}{label} {}", id(name), id(to));
            }
        };
        for rule in list(&state["Choices"]) {
            arrow("-->", &condition(rule), &rule["Next"]);
        }
        arrow("-->", "", &state["Default"]);
        arrow("-->", "", &state["Next"]);
        for catcher in list(&state["Catch"]) {
            let errors: Vec<&str> = list(&catcher["ErrorEquals"])
                .filter_map(Value::as_str)
                .filter(|error| *error != "States.ALL")
                .collect();
            arrow("-.->", &errors.join(", "), &catcher["Next"]);
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A rule of a Choice in words: the last part of its variable, and what is asked of it.
fn condition(rule: &Value) -> String {
    if let Some(rules) = rule["And"].as_array() {
        let parts = rules.iter().filter(|rule| rule["IsPresent"] != true);
        return parts.map(condition).collect::<Vec<_>>().join(" and ");
    }
    let variable = rule["Variable"].as_str().unwrap_or_default();
    let field = variable.rsplit(['.', '$']).next().unwrap_or(variable);
    match rule["IsPresent"].as_bool() {
        Some(true) => format!("has {field}"),
        Some(false) => format!("no {field}"),
        None => {
            let asked = ["StringEquals", "BooleanEquals"]
                .iter()
                .find_map(|operator| rule.get(operator));
            let asked = asked.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            format!("{field}: {}", asked.unwrap_or_default())
        }
    }
}

/// The name of a node: Mermaid knows letters and digits, and `end` is a word of its own.
fn id(state: &str) -> String {
    let letters: String = state.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("s{letters}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_drawn_with_what_leads_there() {
        let machine = r#"{ "Comment": "One", "States": {
            "Ask?": { "Type": "Choice", "Default": "Work", "Choices": [
                { "Variable": "$.plan.approval", "IsPresent": false, "Next": "Done" },
                { "And": [{ "Variable": "$.a", "IsPresent": true }, { "Variable": "$.a", "BooleanEquals": true }], "Next": "Done" } ] },
            "Work": { "Type": "Task", "Next": "Done", "Catch": [
                { "ErrorEquals": ["TooBusy"], "Next": "Lost" }, { "ErrorEquals": ["States.ALL"], "Next": "Lost" } ] },
            "Done": { "Type": "Succeed" },
            "Lost": { "Type": "Fail", "Error": "Gone" }, "Late": { "Type": "Fail", "Error": "Late" } } }"#;
        let page = page(&[("one".to_owned(), machine.to_owned())]).unwrap();
        for line in [
            "sAsk{\"Ask?\"}",
            "sAsk -->|\"no approval\"| sDone",
            "sAsk -->|\"a: true\"| sDone",
            "sAsk --> sWork",
            "sWork[\"Work\"]",
            "sWork --> sDone",
            "sWork -.->|\"TooBusy\"| sLost",
            "sWork -.-> sLost",
            "sDone([\"Done\"])",
            "sLost([\"Lost: Gone\"])",
            "sLate([\"Late\"])",
        ] {
            assert!(
                page.lines().any(|drawn| drawn.trim() == line),
                "{line} is not in\n{page}"
            );
        }
    }
}
