//! Policies of IAM and of resources, written as a policy document or as JSON.

use hcl_edit::expr::Expression;

use super::Rule;
use crate::block::{each_entry, nested, texts};
use crate::finding::Findings;
use crate::source::{File, Module};

/// The entries with actions, in a policy document and in JSON.
const ACTIONS: &[&str] = &["actions", "Action"];
const RESOURCES: &[&str] = &["resources", "Resource"];
const NEGATED: &[&str] = &[
    "not_actions",
    "not_resources",
    "not_principals",
    "NotAction",
    "NotResource",
    "NotPrincipal",
];

pub const WILDCARDS: Rule = Rule {
    name: "iam-no-wildcard",
    about: "no policy permits an action or a resource by a bare or a leading wildcard, unless a comment gives the reason",
    check: |module, findings| {
        each_policy_entry(module, |file, key, value| {
            let actions = ACTIONS.contains(&key);
            if !actions && !RESOURCES.contains(&key) {
                return;
            }
            for text in texts(value) {
                let wide = text.text == "*" || (actions && text.text.contains('*'));
                if wide && !file.has_reason(value) && !file.has_reason(&text) {
                    let what = if actions { "action" } else { "resource" };
                    let advice = format!(
                        "a policy permits the {what} \"{}\"; name what is needed, or say in a comment on or above this line why it cannot be named",
                        text.text
                    );
                    findings.add(file.place(&text), advice);
                }
            }
        });
    },
};

pub const NEGATIONS: Rule = Rule {
    name: "iam-no-negation",
    about: "policies name what they permit, never what they do not",
    check: |module, findings| {
        each_policy_entry(module, |file, key, value| {
            if NEGATED.contains(&key) && !file.has_reason(value) {
                let text = format!(
                    "{key} permits everything that is not named, new services too; name what is permitted"
                );
                findings.add(file.place(value), text);
            }
        });
    },
};

pub const PRINCIPALS: Rule = Rule {
    name: "iam-no-public-principal",
    about: "no policy trusts everybody, unless a comment gives the reason",
    check: |module, findings| {
        let report = |file: &File, value: &Expression, findings: &mut Findings| {
            for text in texts(value) {
                if text.text == "*" && !file.has_reason(value) && !file.has_reason(&text) {
                    findings.add(
                        file.place(&text),
                        "a policy trusts every principal; name the account, the service or the role",
                    );
                }
            }
        };
        each_policy_entry(module, |file, key, value| {
            if key == "Principal" {
                report(file, value, findings);
            }
        });
        for (file, block) in module.of_type("data", "aws_iam_policy_document") {
            for statement in nested(&block.body, "statement") {
                for principals in nested(statement, "principals") {
                    if let Some(identifiers) = crate::block::value(principals, "identifiers") {
                        report(file, identifiers, findings);
                    }
                }
            }
        }
    },
};

/// Calls `see` with every entry of the statements of a policy document, and with every entry of objects
/// elsewhere that is named as in JSON.
fn each_policy_entry(module: &Module, mut see: impl FnMut(&File, &str, &Expression)) {
    for file in &module.files {
        each_entry(file.body(), |key, value| {
            let of_json = key.starts_with(|first: char| first.is_ascii_uppercase());
            if of_json {
                see(file, key, value);
            }
        });
        for block in file.blocks("data") {
            if block
                .labels
                .first()
                .is_some_and(|kind| kind.as_str() == "aws_iam_policy_document")
            {
                for statement in nested(&block.body, "statement") {
                    for attribute in statement.attributes() {
                        see(file, attribute.key.as_str(), &attribute.value);
                    }
                    for negated in statement.get_blocks("not_principals") {
                        for attribute in negated.body.attributes() {
                            see(file, "not_principals", &attribute.value);
                        }
                    }
                }
            }
        }
    }
}
