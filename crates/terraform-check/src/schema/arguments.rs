//! Arguments and blocks: each exists, and no required one is missing.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object};
use hcl_edit::structure::{Block, Body, Structure};

use super::declarations::{Argument, Resource, Shape};
use super::library::{Kind, Schemas};
use crate::block::{key_name, label, nested};
use crate::finding::Findings;
use crate::source::File;

/// What Terraform itself understands in every resource and data source.
const META: &[&str] = &[
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
    "connection",
];
/// The same for the configuration of a provider.
const META_OF_PROVIDERS: &[&str] = &["alias", "version"];
/// Functions that put lists together without changing their elements.
const COMBINE: &[&str] = &["concat", "compact", "distinct", "flatten", "tolist", "toset"];

pub fn check(schemas: &Schemas, file: &File, findings: &mut Findings) -> anyhow::Result<()> {
    let kinds = [
        ("resource", Kind::Resource, META),
        ("data", Kind::Data, META),
        ("provider", Kind::Provider, META_OF_PROVIDERS),
    ];
    for (word, kind, meta) in kinds {
        for block in file.blocks(word) {
            let of_type = label(block, 0);
            if !schemas.covers(of_type) {
                continue;
            }
            let Some(resource) = schemas.of(kind, of_type)? else {
                let text = format!(
                    "the provider has no {word} {of_type}; look its name up in the provider's documentation"
                );
                findings.add(file.place(block), text);
                continue;
            };
            let visit = Visit {
                file,
                resource: &resource,
                of: format!("{word} {of_type}"),
            };
            visit.body(block, &block.body, &resource.arguments, meta, findings);
        }
    }
    Ok(())
}

/// One block of the file with its schema.
struct Visit<'a> {
    file: &'a File,
    resource: &'a Resource,
    of: String,
}

impl Visit<'_> {
    fn body(&self, owner: &impl Span, body: &Body, shape: &Shape, meta: &[&str], findings: &mut Findings) {
        let owner = self.file.place(owner);
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let key = attribute.key.as_str();
                    match shape.get(key) {
                        _ if meta.contains(&key) => {}
                        None => self.unknown("argument", key, shape, attribute, findings),
                        Some(known) if known.is_block && key != "timeouts" => {
                            let text =
                                format!("{} {key} is a block; write it without the equals sign", self.of);
                            findings.add(self.file.place(attribute), text);
                        }
                        Some(known) => self.value(&attribute.value, known, findings),
                    }
                }
                Structure::Block(block) => self.block(block, shape, meta, findings),
            }
        }
        for (name, argument) in shape {
            if argument.required && !body.has_attribute(name) && nested(body, name).is_empty() {
                findings.add(owner, format!("{} lacks {name}, which is required", self.of));
            }
            if argument.is_block && !argument.is_many && body.get_blocks(name).count() > 1 {
                findings.add(
                    owner,
                    format!("{} has several blocks {name}; only one is permitted", self.of),
                );
            }
        }
    }

    fn block(&self, block: &Block, shape: &Shape, meta: &[&str], findings: &mut Findings) {
        let dynamic = block.has_ident("dynamic");
        let name = if dynamic {
            label(block, 0)
        } else {
            block.ident.as_str()
        };
        if meta.contains(&name) {
            return;
        }
        let Some(known) = shape.get(name) else {
            return self.unknown("block", name, shape, block, findings);
        };
        if !known.is_block {
            let text = format!("{} {name} is an argument; write it with an equals sign", self.of);
            return findings.add(self.file.place(block), text);
        }
        let Some(content) = known
            .content
            .as_ref()
            .and_then(|name| self.resource.nested.get(name))
        else {
            return;
        };
        if dynamic {
            for inner in block.body.get_blocks("content") {
                self.body(inner, &inner.body, content, &[], findings);
            }
        } else {
            self.body(block, &block.body, content, &[], findings);
        }
    }

    /// The objects of an argument that is written as a value, and its texts where the schema lists them.
    fn value(&self, value: &Expression, known: &Argument, findings: &mut Findings) {
        if let Some(text) = value.as_str()
            && !known.values.is_empty()
            && known.content.is_none()
            && !known.values.iter().any(|permitted| permitted == text)
        {
            let text = format!("{}: \"{text}\" is none of {}", self.of, known.values.join(", "));
            findings.add(self.file.place(value), text);
        }
        let Some(shape) = known
            .content
            .as_ref()
            .and_then(|name| self.resource.nested.get(name))
        else {
            return;
        };
        // A single object as an attribute, or the elements of a list of them.
        let mut objects = Vec::new();
        objects_of(value, &mut objects);
        for object in objects {
            self.object(object, shape, findings);
        }
    }

    fn object(&self, object: &Object, shape: &Shape, findings: &mut Findings) {
        let mut given = Vec::new();
        for (key, value) in object {
            let Some(name) = key_name(key) else { return };
            given.push(name);
            match shape.get(name) {
                Some(known) => self.value(value.expr(), known, findings),
                None => self.unknown("key", name, shape, value.expr(), findings),
            }
        }
        for (name, argument) in shape {
            if argument.required && !given.contains(&name.as_str()) {
                findings.add(
                    self.file.place(object),
                    format!("{} lacks {name}, which is required", self.of),
                );
            }
        }
    }

    fn unknown(&self, what: &str, name: &str, shape: &Shape, at: &impl Span, findings: &mut Findings) {
        let near = shape.keys().map(|known| (distance(known, name), known)).min();
        let advice = match near {
            Some((distance, known)) if distance <= 1 + name.len() / 4 => format!("; do you mean {known}?"),
            _ => "; look it up in the provider's documentation".to_owned(),
        };
        findings.add(
            self.file.place(at),
            format!("{} has no {what} {name}{advice}", self.of),
        );
    }
}

/// The objects that a value certainly consists of.
fn objects_of<'a>(value: &'a Expression, objects: &mut Vec<&'a Object>) {
    match value {
        Expression::Object(object) => objects.push(object),
        Expression::Array(list) => list.iter().for_each(|element| objects_of(element, objects)),
        Expression::Parenthesis(inner) => objects_of(inner.inner(), objects),
        Expression::ForExpr(each) if each.key_expr.is_none() => objects_of(&each.value_expr, objects),
        Expression::Conditional(choice) => {
            objects_of(&choice.true_expr, objects);
            objects_of(&choice.false_expr, objects);
        }
        Expression::FuncCall(call) if COMBINE.contains(&call.name.name.as_str()) => {
            call.args
                .iter()
                .for_each(|argument| objects_of(argument, objects));
        }
        _ => {}
    }
}

/// The number of letters to change, add or remove.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let next = (diagonal + usize::from(x != y)).min(row[j].min(row[j + 1]) + 1);
            diagonal = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_changed_letters() {
        assert_eq!(
            (
                distance("abc", "abc"),
                distance("abc", "abd"),
                distance("ab", "abc"),
                distance("", "ab")
            ),
            (0, 1, 1, 2)
        );
    }

    #[test]
    fn objects_are_found_through_lists_and_conditions() {
        let value = hcl_edit::parser::parse_expr(
            "concat([{ a = 1 }], var.x ? [{ b = 1 }] : [], [for k in var.y : { c = k }])",
        )
        .unwrap();
        let mut objects = Vec::new();
        objects_of(&value, &mut objects);
        assert_eq!(objects.len(), 3);
    }
}
