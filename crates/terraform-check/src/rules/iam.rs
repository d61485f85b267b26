//! What policies permit, and to whom.

use super::Rule;
use crate::block::texts;
use crate::policy::each_statement;

pub const WILDCARDS: Rule = Rule {
    name: "iam-no-wildcard",
    about: "no policy permits an action with a wildcard, or every resource, unless a comment gives the reason",
    check: |module, findings| {
        each_statement(module, |file, statement| {
            if statement.denies() || file.has_reason(statement) {
                return;
            }
            for (what, name) in [("action", "Action"), ("resource", "Resource")] {
                // In the policy of a key, "*" is the key itself.
                if what == "resource" && statement.of_type == "aws_kms_key" {
                    continue;
                }
                for text in statement.of_name(name).flat_map(texts) {
                    if text.text == "*" || (what == "action" && text.text.contains('*')) {
                        let advice = format!(
                            "{}: a policy permits the {what} \"{}\"; name what is needed, or say in a comment in the statement why it cannot be named",
                            statement.of, text.text
                        );
                        findings.add(file.place(&text), advice);
                    }
                }
            }
        });
    },
};

pub const NEGATIONS: Rule = Rule {
    name: "iam-no-negation",
    about: "policies name what they permit, never what they do not, unless a comment gives the reason",
    check: |module, findings| {
        each_statement(module, |file, statement| {
            if statement.denies() || file.has_reason(statement) {
                return;
            }
            for name in ["NotAction", "NotResource", "NotPrincipal"] {
                for value in statement.of_name(name) {
                    let text = format!(
                        "{}: {name} permits everything that is not named, new services too; name what is permitted",
                        statement.of
                    );
                    findings.add(file.place(value), text);
                }
            }
        });
    },
};

pub const PRINCIPALS: Rule = Rule {
    name: "iam-no-public-principal",
    about: "no policy trusts everybody, unless a comment gives the reason",
    check: |module, findings| {
        each_statement(module, |file, statement| {
            if statement.denies() || file.has_reason(statement) {
                return;
            }
            for text in statement
                .of_name("Principal")
                .flat_map(texts)
                .filter(|text| text.text == "*")
            {
                let advice = format!(
                    "{}: a policy trusts every principal; name the account, the service or the role",
                    statement.of
                );
                findings.add(file.place(&text), advice);
            }
        });
    },
};
