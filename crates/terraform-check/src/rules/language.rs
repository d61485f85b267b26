//! How Terraform's language is used.

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

use super::Rule;
use crate::block::{each_entry, label, name, texts, value};
use crate::finding::Findings;
use crate::source::Module;

pub const VARIABLES: Rule = Rule {
    name: "variable-described",
    about: "every variable has a type and a description",
    check: |module, findings| {
        for (file, block) in module.blocks("variable") {
            if value(&block.body, "type").is_none() {
                let text = format!(
                    "variable {} has no type; any value would be accepted",
                    label(block, 0)
                );
                findings.add(file.place(block), text);
            }
        }
        described("variable", module, findings);
    },
};

pub const OUTPUTS: Rule = Rule {
    name: "output-described",
    about: "every output has a description",
    check: |module, findings| described("output", module, findings),
};

fn described(kind: &str, module: &Module, findings: &mut Findings) {
    for (file, block) in module.blocks(kind) {
        let text = value(&block.body, "description");
        if text.is_none_or(|text| text.as_str().is_some_and(|text| text.trim().is_empty())) {
            findings.add(
                file.place(block),
                format!("{kind} {} has no description", label(block, 0)),
            );
        }
    }
}

pub const COUNT: Rule = Rule {
    name: "no-count-over-list",
    about: "count only switches one thing on and off: over a list, a new element in the middle replaces all that follow",
    check: |module, findings| {
        for kind in ["resource", "data", "module"] {
            for (file, block) in module.blocks(kind) {
                let Some(count) = value(&block.body, "count") else {
                    continue;
                };
                if !is_switch(count) {
                    let text = format!("{} counts; use for_each with keys that stay", name(block));
                    findings.add(file.place(count), text);
                }
            }
        }
    },
};

/// `condition ? 1 : 0`, or a number that is 0 or 1.
fn is_switch(count: &Expression) -> bool {
    match count {
        Expression::Conditional(choice) => is_switch(&choice.true_expr) && is_switch(&choice.false_expr),
        Expression::Parenthesis(inner) => is_switch(inner.inner()),
        Expression::Number(number) => matches!(number.value().as_u64(), Some(0 | 1)),
        _ => false,
    }
}

pub const PROVISIONERS: Rule = Rule {
    name: "no-provisioner",
    about: "nothing runs a command beside Terraform, because no plan shows it; except a guard that can refuse a deletion",
    check: |module, findings| {
        for (file, block) in module.blocks("resource") {
            let provisioners = block.body.get_blocks("provisioner");
            let runs = provisioners
                .into_iter()
                .find(|provisioner| !is_guard(&provisioner.body));
            let place = runs.or((label(block, 0) == "null_resource").then_some(block));
            if let Some(place) = place {
                let text = format!(
                    "{} runs a command that no plan shows; make it a resource or a command of crossover",
                    name(block)
                );
                findings.add(file.place(place), text);
            }
        }
    },
};

/// A command that runs before a deletion, and whose failure ends it.
fn is_guard(provisioner: &Body) -> bool {
    let is = |key: &str, word: &str| {
        value(provisioner, key)
            .and_then(Expression::as_variable)
            .is_some_and(|value| value.as_str() == word)
    };
    is("when", "destroy") && (is("on_failure", "fail") || value(provisioner, "on_failure").is_none())
}

pub const IGNORED_CHANGES: Rule = Rule {
    name: "no-ignored-resource",
    about: "lifecycle names the attributes whose changes are ignored; all hides every drift",
    check: |module, findings| {
        for (file, block) in module.blocks("resource") {
            for lifecycle in block.body.get_blocks("lifecycle") {
                let ignored = value(&lifecycle.body, "ignore_changes")
                    .filter(|ignored| ignored.as_variable().is_some_and(|word| word.as_str() == "all"));
                if let Some(ignored) = ignored {
                    let text = format!(
                        "{} ignores all changes; name the attributes that others change",
                        name(block)
                    );
                    findings.add(file.place(ignored), text);
                }
            }
        }
    },
};

/// Digits of an AWS account's number.
const ACCOUNT: usize = 12;

pub const ACCOUNTS: Rule = Rule {
    name: "no-account-number",
    about: "no ARN holds the number of an account: it would not work in another one",
    check: |module, findings| {
        for file in &module.files {
            each_entry(file.body(), |_, value| {
                // Calls and lists are seen again through their own entries; a plain text is enough here.
                for text in texts(value) {
                    if text.text.starts_with("arn:") && text.text.split(':').any(is_account) {
                        let advice = "an ARN with the number of an account; take it from data.aws_caller_identity or a variable";
                        findings.add(file.place(&text), advice);
                    }
                }
            });
        }
    },
};

fn is_account(part: &str) -> bool {
    part.len() == ACCOUNT && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_a_condition_between_one_and_none() {
        let is = |text: &str| is_switch(&hcl_edit::parser::parse_expr(text).unwrap());
        assert!(is("var.on ? 1 : 0") && is("(var.on ? 0 : 1)") && is("1"));
        assert!(!is("length(var.names)") && !is("var.on ? length(var.names) : 0") && !is("3"));
    }

    #[test]
    fn an_account_has_twelve_digits() {
        assert!(is_account("123456789012") && !is_account("12345678901") && !is_account("${}"));
    }
}
