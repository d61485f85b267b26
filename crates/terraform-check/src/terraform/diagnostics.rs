//! What Terraform says as JSON, as findings.

use std::path::Path;

use serde_json::Value;

use crate::finding::Findings;

/// Adds one diagnostic. `folder` is where the command ran, relative to the checkout; places without a file are
/// those of the folder. Warnings count: a deprecated argument is one.
pub fn add(diagnostic: &Value, folder: &Path, findings: &mut Findings) {
    let text = |value: &Value| {
        value
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (summary, detail) = (text(&diagnostic["summary"]), text(&diagnostic["detail"]));
    let said = if detail.is_empty() {
        summary
    } else {
        format!("{summary}: {detail}")
    };
    // Of an apply: which of the resources of a block.
    let said = match diagnostic["address"].as_str() {
        Some(address) => format!("{address}: {said}"),
        None => said,
    };
    let range = &diagnostic["range"];
    let file = range["filename"].as_str().map_or_else(
        || folder.to_owned(),
        |file| crate::source::normal(&folder.join(file)),
    );
    let line = range["start"]["line"].as_u64().unwrap_or(1) as usize;
    findings.add((&file, line), said);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_diagnostic_has_the_place_that_terraform_names() {
        let mut findings = Findings::default();
        let range = json!({ "filename": "../b/main.tf", "start": { "line": 7 } });
        add(
            &json!({ "summary": "Bad", "detail": "Very\n  bad.", "range": range }),
            Path::new("m/a"),
            &mut findings,
        );
        add(&json!({ "summary": "No place" }), Path::new("m/a"), &mut findings);
        let of = json!({ "summary": "No place", "address": "aws_x.y[\"z\"]" });
        add(&of, Path::new("m/a"), &mut findings);
        let found: Vec<String> = findings.sorted().iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "m/a:1: No place []",
                "m/a:1: aws_x.y[\"z\"]: No place []",
                "m/b/main.tf:7: Bad: Very bad. []"
            ]
        );
    }
}
