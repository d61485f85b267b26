//! Roles that GitHub's workflows may take.

use super::Rule;
use crate::block::{each_entry, texts};
use crate::finding::Findings;
use crate::policy::{Statement, each_statement};
use crate::source::{File, Module};

/// GitHub's issuer of tokens.
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
        each_statement(module, |file, statement| {
            if statement
                .of_name("Action")
                .flat_map(texts)
                .any(|text| text.text == TAKE)
                && !statement.denies()
            {
                check_statement(file, statement, findings);
            }
        });
    },
};

fn mentions_github(module: &Module) -> bool {
    let mut found = false;
    for file in &module.files {
        each_entry(file.body(), |_, value| {
            found |= texts(value).iter().any(|text| text.text.contains(ISSUER));
        });
    }
    found
}

fn check_statement(file: &File, statement: &Statement, findings: &mut Findings) {
    let of = &statement.of;
    let (mut subject, mut audience) = (false, false);
    for condition in &statement.conditions {
        if condition.operator != "StringEquals" {
            let text = format!(
                "{of}: a condition on the token must be StringEquals, not {}; patterns match repositories of others",
                condition.operator
            );
            findings.add(file.place(condition.values), text);
        } else if condition.key.ends_with(":sub") {
            subject = true;
            let subjects = texts(condition.values);
            let bound = subjects.iter().any(|subject| is_bound(&subject.text));
            if !bound || subjects.iter().any(|subject| subject.text.contains('*')) {
                let text = format!(
                    "{of}: the subject is not bound to one environment; write repo:OWNER/NAME:environment:ENVIRONMENT here, so that a reader sees what is trusted"
                );
                findings.add(file.place(condition.values), text);
            }
        } else if condition.key.ends_with(":aud") {
            audience = true;
        }
    }
    for (present, claim) in [(subject, "sub"), (audience, "aud")] {
        if !present {
            let text = format!(
                "{of}: GitHub's tokens are trusted without StringEquals on {ISSUER}:{claim}; every repository could take the role"
            );
            findings.add(file.place(statement), text);
        }
    }
}

fn is_bound(subject: &str) -> bool {
    subject.starts_with("repo:") && subject.contains(":environment:")
}
