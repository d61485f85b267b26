//! The statements of policies, of a policy document or in JSON, in one form.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object};
use hcl_edit::structure::{Block, Body};
use hcl_edit::visit::{self, Visit};

use crate::block::{key_name, label, name, nested, texts, value};
use crate::source::{File, Module};

const DOCUMENT: &str = "aws_iam_policy_document";
/// The names of a policy document, with those of JSON.
const NAMES: &[(&str, &str)] = &[
    ("actions", "Action"),
    ("effect", "Effect"),
    ("not_actions", "NotAction"),
    ("not_resources", "NotResource"),
    ("resources", "Resource"),
];
/// Blocks of a policy document, with the names of JSON.
const PRINCIPALS: &[(&str, &str)] = &[("principals", "Principal"), ("not_principals", "NotPrincipal")];

/// One statement.
pub struct Statement<'a> {
    /// The block that contains it, as messages name it.
    pub of: String,
    /// The type of that block.
    pub of_type: String,
    /// What it states, by the names of JSON.
    pub entries: Vec<(&'a str, &'a Expression)>,
    pub conditions: Vec<Condition<'a>>,
    span: Option<Range<usize>>,
}

/// One comparison of a condition.
pub struct Condition<'a> {
    pub operator: String,
    /// What is compared, with `${}` in place of interpolations.
    pub key: String,
    pub values: &'a Expression,
}

impl Span for Statement<'_> {
    fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }
}

impl Statement<'_> {
    /// Whether it takes rights away, so that it may be as wide as can be.
    pub fn denies(&self) -> bool {
        self.of_name("Effect")
            .any(|effect| effect.as_str() == Some("Deny"))
    }

    /// All values of a name.
    pub fn of_name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Expression> {
        let entries = self.entries.iter().filter(move |(key, _)| *key == name);
        entries.map(|(_, value)| *value)
    }
}

/// Calls `see` with every statement of a module.
pub fn each_statement(module: &Module, mut see: impl FnMut(&File, &Statement)) {
    for file in &module.files {
        for block in file.body().blocks() {
            if block.has_ident("data") && label(block, 0) == DOCUMENT {
                for statement in nested(&block.body, "statement") {
                    see(file, &of_document(block, statement));
                }
            }
            let mut walker = Walker {
                block,
                see: |statement: &Statement| see(file, statement),
            };
            walker.visit_body(&block.body);
        }
    }
}

fn of_document<'a>(block: &Block, statement: &'a Body) -> Statement<'a> {
    let mut entries = Vec::new();
    for (plain, json) in NAMES {
        entries.extend(value(statement, plain).map(|value| (*json, value)));
    }
    for (plain, json) in PRINCIPALS {
        let identifiers = nested(statement, plain)
            .into_iter()
            .filter_map(|body| value(body, "identifiers"));
        entries.extend(identifiers.map(|value| (*json, value)));
    }
    let conditions = nested(statement, "condition")
        .into_iter()
        .filter_map(|condition| {
            Some(Condition {
                operator: first_text(value(condition, "test")?),
                key: first_text(value(condition, "variable")?),
                values: value(condition, "values")?,
            })
        });
    Statement {
        of: name(block),
        of_type: label(block, 0).to_owned(),
        entries,
        conditions: conditions.collect(),
        span: statement.span(),
    }
}

/// Finds the objects of JSON policies: those with an `Effect`.
struct Walker<'a, F> {
    block: &'a Block,
    see: F,
}

impl<F: FnMut(&Statement)> Visit for Walker<'_, F> {
    fn visit_object(&mut self, node: &Object) {
        let entries: Vec<(&str, &Expression)> = node
            .iter()
            .filter_map(|(key, value)| Some((key_name(key)?, value.expr())))
            .collect();
        if entries.iter().any(|(key, _)| *key == "Effect") {
            let statement = Statement {
                of: name(self.block),
                of_type: label(self.block, 0).to_owned(),
                conditions: conditions(&entries),
                entries,
                span: node.span(),
            };
            (self.see)(&statement);
        }
        visit::visit_object(self, node);
    }
}

/// `Condition = { OPERATOR = { KEY = VALUES } }`.
fn conditions<'a>(entries: &[(&'a str, &'a Expression)]) -> Vec<Condition<'a>> {
    let mut conditions = Vec::new();
    for (_, condition) in entries.iter().filter(|(key, _)| *key == "Condition") {
        for (operator, compared) in condition.as_object().into_iter().flatten() {
            for (key, values) in compared.expr().as_object().into_iter().flatten() {
                let key = match key {
                    hcl_edit::expr::ObjectKey::Ident(name) => name.as_str().to_owned(),
                    hcl_edit::expr::ObjectKey::Expression(text) => first_text(text),
                };
                let operator = key_name(operator).unwrap_or_default().to_owned();
                conditions.push(Condition {
                    operator,
                    key,
                    values: values.expr(),
                });
            }
        }
    }
    conditions
}

fn first_text(expression: &Expression) -> String {
    texts(expression)
        .into_iter()
        .map(|text| text.text)
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::finding::Findings;

    fn statements(text: &str) -> Vec<String> {
        let file = File::parse(Path::new("a.tf"), text, &mut Findings::default()).unwrap();
        let module = Module {
            folder: "m".into(),
            files: vec![file],
        };
        let mut seen = Vec::new();
        each_statement(&module, |_, statement| {
            let actions: Vec<String> = statement
                .of_name("Action")
                .flat_map(texts)
                .map(|text| text.text)
                .collect();
            let conditions: Vec<String> = statement
                .conditions
                .iter()
                .map(|condition| format!("{} {}", condition.operator, condition.key))
                .collect();
            seen.push(format!(
                "{} {} {} {}",
                statement.of,
                statement.denies(),
                actions.join(","),
                conditions.join(",")
            ));
        });
        seen
    }

    #[test]
    fn both_forms_give_the_same_statement() {
        let document = "data \"aws_iam_policy_document\" \"a\" {\n  statement {\n    effect  = \"Deny\"\n    actions = [\"x:Y\"]\n    condition {\n      test     = \"StringEquals\"\n      variable = \"k\"\n      values   = [\"v\"]\n    }\n  }\n}\n";
        assert_eq!(
            statements(document),
            ["aws_iam_policy_document.a true x:Y StringEquals k"]
        );
        let json = "resource \"aws_iam_role_policy\" \"a\" {\n  policy = jsonencode({ Statement = concat([{ Effect = \"Deny\", Action = \"x:Y\", Condition = { StringEquals = { \"${local.k}:k\" = \"v\" } } }], []) })\n}\n";
        assert_eq!(
            statements(json),
            ["aws_iam_role_policy.a true x:Y StringEquals ${}:k"]
        );
    }
}
