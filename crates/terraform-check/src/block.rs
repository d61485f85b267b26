//! Questions that several rules ask about a block or an expression.

use std::ops::Range;

use hcl_edit::expr::{Expression, ObjectKey, ObjectValue, Traversal, TraversalOperator};
use hcl_edit::structure::{Attribute, Block, BlockLabel, Body};
use hcl_edit::template::Element;
use hcl_edit::visit::{self, Visit};
use hcl_edit::{Ident, Span};

/// The type of a resource or the name of a variable.
pub fn label(block: &Block, index: usize) -> &str {
    block.labels.get(index).map_or("", |label| label.as_str())
}

/// `aws_rds_cluster.main`, as a message names it.
pub fn name(block: &Block) -> String {
    let labels: Vec<&str> = block.labels.iter().map(BlockLabel::as_str).collect();
    labels.join(".")
}

/// The blocks of a name, the contents of dynamic ones included.
pub fn nested<'a>(body: &'a Body, name: &'a str) -> Vec<&'a Body> {
    let dynamic = body.get_blocks("dynamic").filter(|block| label(block, 0) == name);
    let contents = dynamic.flat_map(|block| block.body.get_blocks("content"));
    body.get_blocks(name)
        .chain(contents)
        .map(|block| &block.body)
        .collect()
}

/// The value of an attribute.
pub fn value<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    body.get_attribute(name).map(|attribute| &attribute.value)
}

/// Whether an attribute is exactly this text.
pub fn is_text(body: &Body, name: &str, text: &str) -> bool {
    value(body, name).and_then(Expression::as_str) == Some(text)
}

/// Whether an attribute is exactly this truth value.
pub fn is_bool(body: &Body, name: &str, truth: bool) -> bool {
    value(body, name).and_then(Expression::as_bool) == Some(truth)
}

/// Whether an attribute is absent, or says the opposite as a literal. A variable or a condition passes: what
/// it may be is decided where it is set.
pub fn lacks_bool(body: &Body, name: &str, truth: bool) -> bool {
    value(body, name).is_none_or(|value| value.as_bool() == Some(!truth))
}

/// A text in an expression, with `${}` in place of every interpolation.
#[derive(Debug)]
pub struct Text {
    pub text: String,
    span: Option<Range<usize>>,
}

impl Span for Text {
    fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }
}

/// Every text in an expression, at any depth.
pub fn texts(expression: &Expression) -> Vec<Text> {
    struct Collector(Vec<Text>);
    impl Visit for Collector {
        fn visit_expr(&mut self, node: &Expression) {
            let text = match node {
                Expression::String(text) => Some(text.value().clone()),
                Expression::StringTemplate(template) => Some(template.iter().map(literal).collect()),
                Expression::HeredocTemplate(heredoc) => Some(heredoc.template.iter().map(literal).collect()),
                _ => None,
            };
            let span = node.span();
            self.0.extend(text.map(|text| Text { text, span }));
            visit::visit_expr(self, node);
        }
    }
    let mut collector = Collector(Vec::new());
    collector.visit_expr(expression);
    collector.0
}

fn literal(element: &Element) -> &str {
    element.as_literal().map_or("${}", |text| text.value().as_str())
}

/// The names of a traversal, as `["data", "aws_region", "here", "name"]`; keys and splats are left out.
pub fn path(traversal: &Traversal) -> Vec<&str> {
    let mut path: Vec<&str> = traversal
        .expr
        .as_variable()
        .into_iter()
        .map(Ident::as_str)
        .collect();
    for operator in &traversal.operators {
        if let TraversalOperator::GetAttr(name) = operator.value() {
            path.push(name.as_str());
        }
    }
    path
}

/// Calls `see` with every traversal below a body.
pub fn each_traversal(body: &Body, see: impl FnMut(&Traversal)) {
    struct Walker<F>(F);
    impl<F: FnMut(&Traversal)> Visit for Walker<F> {
        fn visit_traversal(&mut self, node: &Traversal) {
            (self.0)(node);
            visit::visit_traversal(self, node);
        }
    }
    Walker(see).visit_body(body);
}

/// Calls `see` with every attribute of blocks and every entry of objects below a body: its name and value.
pub fn each_entry(body: &Body, see: impl FnMut(&str, &Expression)) {
    struct Walker<F>(F);
    impl<F: FnMut(&str, &Expression)> Visit for Walker<F> {
        fn visit_attr(&mut self, node: &Attribute) {
            (self.0)(node.key.as_str(), &node.value);
            visit::visit_attr(self, node);
        }
        fn visit_object_item(&mut self, key: &ObjectKey, value: &ObjectValue) {
            if let Some(name) = key_name(key) {
                (self.0)(name, value.expr());
            }
            visit::visit_object_item(self, key, value);
        }
    }
    Walker(see).visit_body(body);
}

/// The name of an object's key, if it is written as a name or a plain text.
pub fn key_name(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str()),
        ObjectKey::Expression(name) => name.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Body {
        hcl_edit::parser::parse_body(text).unwrap()
    }

    #[test]
    fn texts_are_found_at_any_depth() {
        let body = body("a = merge({ b = \"one\" }, [\"two-${var.c}\"])");
        let found: Vec<String> = texts(value(&body, "a").unwrap())
            .into_iter()
            .map(|text| text.text)
            .collect();
        assert_eq!(found, ["one", "two-${}"]);
    }

    #[test]
    fn dynamic_blocks_count_as_blocks() {
        let body = body("a {\n b = 1\n}\ndynamic \"a\" {\n for_each = []\n content {\n b = 2\n }\n}\n");
        assert_eq!(nested(&body, "a").len(), 2);
    }

    #[test]
    fn a_path_leaves_keys_out() {
        let mut seen = Vec::new();
        each_traversal(&body("a = aws_subnet.private[each.key].id"), |traversal| {
            seen.push(path(traversal).join("."));
        });
        assert_eq!(seen, ["aws_subnet.private.id", "each.key"]);
    }

    #[test]
    fn a_bool_that_is_a_variable_is_not_lacking() {
        let body = body("a = var.x\nb = false\n");
        assert!(
            !lacks_bool(&body, "a", true) && lacks_bool(&body, "b", true) && lacks_bool(&body, "c", true)
        );
    }
}
