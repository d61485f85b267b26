//! Attributes of resources that expressions read: each exists.

use std::collections::BTreeSet;

use super::declarations::plain;
use super::library::{Kind, Schemas};
use crate::block::{each_traversal, path};
use crate::finding::Findings;
use crate::source::File;

pub fn check(schemas: &Schemas, file: &File, findings: &mut Findings) -> anyhow::Result<()> {
    let mut read = BTreeSet::new();
    each_traversal(file.body(), |traversal| {
        let path = path(traversal);
        let (kind, path) = match path.first() {
            Some(&"data") => (Kind::Data, &path[1..]),
            _ => (Kind::Resource, &path[..]),
        };
        if let [of_type, _, attribute, ..] = path
            && of_type.contains('_')
            && schemas.covers(of_type)
        {
            read.insert((
                file.place(traversal).1,
                kind,
                (*of_type).to_owned(),
                (*attribute).to_owned(),
            ));
        }
    });
    for (line, kind, of_type, attribute) in read {
        // A type without a schema is a fault of its own block.
        let Some(resource) = schemas.of(kind, &of_type)? else {
            continue;
        };
        if !resource.readable.contains(&plain(&attribute)) && !resource.arguments.contains_key(&attribute) {
            let text = format!(
                "{of_type} has no attribute {attribute} that could be read; look it up in the provider's documentation"
            );
            findings.add((file.path(), line), text);
        }
    }
    Ok(())
}
