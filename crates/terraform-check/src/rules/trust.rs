//! Roles that GitHub's workflows may take.

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

use super::Rule;
use crate::block::{name, nested, texts, value};
use crate::finding::Findings;
use crate::source::{File, Module};

/// GitHub's issuer of tokens, as conditions name it.
const ISSUER: &str = "token.actions.githubusercontent.com";
const TAKE: &str = "sts:AssumeRoleWithWebIdentity";

pub const GITHUB: Rule = Rule {
    name: "github-trust-bound",
    about: "a role for GitHub is bound to one repository and one environment, by StringEquals on the token's subject and audience",
    check: |module, findings| {
        // Other issuers are not GitHub's.
        if !mentions_github(module) {
            return;
        }
        for (file, block) in module.of_type("data", "aws_iam_policy_document") {
            for statement in nested(&block.body, "statement") {
                let takes = value(statement, "actions")
                    .is_some_and(|actions| texts(actions).iter().any(|text| text.text == TAKE));
                if takes {
                    check_statement(file, &name(block), statement, findings);
                }
            }
        }
        for (file, block) in module.resources("aws_iam_role") {
            let trust = value(&block.body, "assume_role_policy");
            if let Some(trust) = trust.filter(|trust| texts(trust).iter().any(|text| text.text == TAKE)) {
                let text = format!(
                    "{}: a role for GitHub is trusted in JSON; use data.aws_iam_policy_document, whose conditions are checked",
                    name(block)
                );
                findings.add(file.place(trust), text);
            }
        }
    },
};

fn mentions_github(module: &Module) -> bool {
    let mut found = false;
    for file in &module.files {
        crate::block::each_entry(file.body(), |_, value| {
            found |= texts(value).iter().any(|text| text.text.contains(ISSUER));
        });
    }
    found
        || module
            .resources("aws_iam_openid_connect_provider")
            .next()
            .is_some()
}

fn check_statement(file: &File, of: &str, statement: &Body, findings: &mut Findings) {
    let (mut subject, mut audience) = (false, false);
    for condition in nested(statement, "condition") {
        let (Some(test), Some(variable), Some(values)) = (
            value(condition, "test"),
            value(condition, "variable"),
            value(condition, "values"),
        ) else {
            continue;
        };
        let claim = texts(variable)
            .into_iter()
            .map(|text| text.text)
            .next()
            .unwrap_or_default();
        if test.as_str() != Some("StringEquals") {
            let text = format!(
                "{of}: a condition on the token must be StringEquals; patterns match repositories of others"
            );
            findings.add(file.place(test), text);
        } else if claim.ends_with(":sub") {
            subject = true;
            check_subject(file, of, values, findings);
        } else if claim.ends_with(":aud") {
            audience = true;
        }
    }
    for (present, claim) in [(subject, "sub"), (audience, "aud")] {
        if !present {
            let actions = value(statement, "actions");
            let place = actions.map_or((file.path(), 1), |actions| file.place(actions));
            let text = format!(
                "{of}: GitHub's tokens are trusted without StringEquals on {ISSUER}:{claim}; every repository could take the role"
            );
            findings.add(place, text);
        }
    }
}

fn check_subject(file: &File, of: &str, values: &Expression, findings: &mut Findings) {
    let subjects: Vec<_> = texts(values)
        .into_iter()
        .filter(|text| text.text.starts_with("repo:"))
        .collect();
    for subject in &subjects {
        if !subject.text.contains(":environment:") || subject.text.contains('*') {
            let text = format!(
                "{of}: the subject \"{}\" is not bound to one environment; write repo:OWNER/NAME:environment:ENVIRONMENT",
                subject.text
            );
            findings.add(file.place(subject), text);
        }
    }
    if subjects.is_empty() {
        let text = format!(
            "{of}: the subject is not written here; write \"repo:${{...}}:environment:${{...}}\", so that a reader sees what is trusted"
        );
        findings.add(file.place(values), text);
    }
}
