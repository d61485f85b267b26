//! The hash of a schema, for certificates.

use sha2::{Digest, Sha256};

use super::{
    Severity,
    weight::{of_extra, of_missing, only_warns},
};
use crate::catalogue::Definition;

/// SHA-256 (hexadecimal) over the definitions, independent of their order. Properties that may legitimately
/// differ (owners, the version of an extension, the locale of the database, …) are left out, so that a schema
/// keeps its hash when it moves to another major version or provider.
pub fn fingerprint_hash(definitions: &[Definition]) -> String {
    let mut counted: Vec<&Definition> = definitions
        .iter()
        .filter(|d| of_missing(d).0 == Severity::Error || of_extra(d).0 == Severity::Error)
        .collect();
    counted.sort();
    let mut hash = Sha256::new();
    add(&mut hash, "crossover-schema-v1");
    for definition in counted {
        let mut properties: Vec<_> = definition
            .properties
            .iter()
            .filter(|property| !only_warns(definition.class, &property.name))
            .collect();
        properties.sort();
        add(&mut hash, &definition.object);
        add(&mut hash, &properties.len().to_string());
        for property in properties {
            add(&mut hash, &property.name);
            add(&mut hash, &property.value);
        }
    }
    hex::encode(hash.finalize())
}

/// Adds a text with its length, so that different lists of texts never give the same input to the hash.
fn add(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{ObjectClass, Property};

    fn definition(class: ObjectClass, name: &str, properties: &[(&str, &str)]) -> Definition {
        let properties = properties.iter().map(|(n, v)| Property::new(*n, *v)).collect();
        Definition::new(class, name, properties)
    }

    fn schema(numeric: &str) -> Vec<Definition> {
        vec![
            definition(
                ObjectClass::Column,
                "shop.t.a",
                &[("type", numeric), ("not null", "")],
            ),
            definition(ObjectClass::Table, "shop.t", &[]),
        ]
    }

    #[test]
    fn the_hash_is_stable_and_covers_the_version_of_its_form() {
        assert_eq!(
            fingerprint_hash(&[]),
            // printf '\0\0\0\0\0\0\0\x13crossover-schema-v1' | sha256sum
            "ea91fb001dd17e1223b813f9ef0cdced5bff84a1c9c997e8bd8c3b71c8c2de96"
        );
    }

    #[test]
    fn the_hash_depends_on_the_content_and_not_on_the_order() {
        let (one, mut other) = (schema("numeric(12,2)"), schema("numeric(12,2)"));
        other.reverse();
        other[1].properties.reverse();
        assert_eq!(fingerprint_hash(&one), fingerprint_hash(&other));
        assert_ne!(fingerprint_hash(&one), fingerprint_hash(&schema("numeric(10,2)")));
        assert_ne!(fingerprint_hash(&one), fingerprint_hash(&one[..1]));
    }

    #[test]
    fn text_moved_from_a_name_to_its_value_changes_the_hash() {
        let with = |name, value| [definition(ObjectClass::Column, "t.a", &[(name, value)])];
        assert_ne!(
            fingerprint_hash(&with("ab", "c")),
            fingerprint_hash(&with("a", "bc"))
        );
    }

    #[test]
    fn legitimate_differences_between_providers_do_not_change_the_hash() {
        let with = |version: &str, owner: &str, locale: &str| {
            let mut all = schema("numeric(12,2)");
            all.push(definition(
                ObjectClass::Extension,
                "pgcrypto",
                &[("version", version)],
            ));
            all.push(definition(
                ObjectClass::Owner,
                "of table shop.t",
                &[("role", owner)],
            ));
            all.push(definition(
                ObjectClass::Database,
                "",
                &[("encoding", "UTF8"), ("collate", locale)],
            ));
            fingerprint_hash(&all)
        };
        assert_eq!(with("1.3", "app", "C"), with("1.4", "postgres", "en_US.UTF-8"));
        assert_ne!(
            with("1.3", "app", "C"),
            fingerprint_hash(&schema("numeric(12,2)"))
        );
    }
}
