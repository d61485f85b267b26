//! The comparison of two fingerprints.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap, HashSet},
};

use super::{
    DifferenceKind, Remedies, Remedy, SchemaDifference, Severity,
    weight::{self, Found, Weight},
    wording::{self, Counted},
};
use crate::catalogue::{COLUMN_ORDER, Definition, NEXT_COLUMN, NOT_POPULATED, ObjectClass, Property};

/// Every difference, errors first, each list sorted by object. Parts of a missing object (its columns,
/// indexes, grants, …) are counted in its entry instead of listed one by one. [`super::weight`] defines the
/// severities; `target_engine` words the remedies.
pub fn compare(
    source: &[Definition],
    target: &[Definition],
    target_engine: &dyn Remedies,
) -> Vec<SchemaDifference> {
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    let mut differences = Vec::new();
    let (source, target) = (sorted(source), sorted(target));
    let (mut here, mut there) = (source.iter().peekable(), target.iter().peekable());
    loop {
        let order = match (here.peek(), there.peek()) {
            (Some(ours), Some(theirs)) => ours.object.cmp(&theirs.object),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        match order {
            Ordering::Less => missing.extend(here.next()),
            Ordering::Greater => extra.extend(there.next()),
            Ordering::Equal => {
                if let (Some(ours), Some(theirs)) = (here.next(), there.next()) {
                    differences.extend(different(ours, theirs, target_engine));
                }
            }
        }
    }
    differences.extend(whole(&missing).map(|(object, parts)| {
        let (severity, breaks) = weight::of_missing(object);
        SchemaDifference {
            object: object.object.clone(),
            class: object.class,
            kind: DifferenceKind::MissingOnTarget,
            severity,
            breaks,
            source: Some(wording::excerpt(&object.to_string())),
            target: None,
            detail: wording::missing(object, &parts),
            remedy: target_engine.remedy(&Remedy::Create(object.class)),
        }
    }));
    differences.extend(whole(&extra).map(|(object, parts)| {
        let (severity, breaks) = weight::of_extra(object);
        SchemaDifference {
            object: object.object.clone(),
            class: object.class,
            kind: DifferenceKind::ExtraOnTarget,
            severity,
            breaks,
            source: None,
            target: Some(wording::excerpt(&object.to_string())),
            detail: wording::extra(object, (severity, breaks), &parts),
            remedy: wording::remove(severity).to_owned(),
        }
    }));
    differences.sort_by(|a, b| (a.severity, &a.object, a.kind).cmp(&(b.severity, &b.object, b.kind)));
    differences
}

fn sorted(definitions: &[Definition]) -> Vec<&Definition> {
    let mut all: Vec<&Definition> = definitions.iter().collect();
    all.sort();
    all
}

/// Objects on one side only. Parts of another such object are not listed, but counted by class; owners are
/// not counted, because every object has one.
fn whole<'d>(alone: &[&&'d Definition]) -> impl Iterator<Item = (&'d Definition, Counted)> {
    let by_name: HashMap<&str, &Definition> = alone.iter().map(|d| (d.object.as_str(), **d)).collect();
    let mut parts: HashMap<&str, Counted> = HashMap::new();
    let mut wholes = Vec::new();
    for definition in alone {
        let mut root: &Definition = definition;
        // Parts are nested at most three deep (an index of a constraint of a table). The bound ends the walk
        // even in a ring.
        for _ in 0..ObjectClass::ALL.len() {
            match root.belongs_to.as_deref().and_then(|whole| by_name.get(whole)) {
                Some(whole) => root = whole,
                None => break,
            }
        }
        if root.object == definition.object {
            wholes.push(**definition);
        } else if definition.class != ObjectClass::Owner {
            let counted: &mut BTreeMap<_, _> = parts.entry(root.object.as_str()).or_default();
            *counted.entry(definition.class).or_default() += 1;
        }
    }
    let counted: Vec<_> = wholes
        .into_iter()
        .map(|whole| {
            (
                whole,
                parts.get(whole.object.as_str()).cloned().unwrap_or_default(),
            )
        })
        .collect();
    counted.into_iter()
}

/// The difference between two definitions of the same object.
fn different(
    ours: &Definition,
    theirs: &Definition,
    target_engine: &dyn Remedies,
) -> Option<SchemaDifference> {
    let of_target: HashMap<&str, &Property> =
        theirs.properties.iter().map(|p| (p.name.as_str(), p)).collect();
    let mut gravest: Option<Weight> = None;
    let (mut on_source, mut on_target, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let mut names = Vec::new();
    let mut note = |name: &str, found, source: Option<&Property>, target: Option<&Property>| {
        names.push(name.to_owned());
        let weight = weight::of_property(ours.class, name, found);
        gravest = Some(gravest.map_or(weight, |before| before.min(weight)));
        on_source.extend(source.map(Property::to_string));
        on_target.extend(target.map(Property::to_string));
        texts.push(wording::property(source, target));
    };
    for property in &ours.properties {
        match of_target.get(property.name.as_str()) {
            None => note(&property.name, Found::SourceOnly, Some(property), None),
            Some(other) if differ(property, other) => {
                note(&property.name, Found::Both, Some(property), Some(other));
            }
            Some(_) => {}
        }
    }
    for property in &theirs.properties {
        if ours.property(&property.name).is_none() {
            note(&property.name, Found::TargetOnly, None, Some(property));
        }
    }
    let (severity, breaks) = gravest?;
    let side =
        |properties: Vec<String>| (!properties.is_empty()).then(|| wording::excerpt(&properties.join(", ")));
    Some(SchemaDifference {
        object: ours.object.clone(),
        class: ours.class,
        kind: DifferenceKind::Different,
        severity,
        breaks,
        source: side(on_source),
        target: side(on_target),
        detail: format!("{}: {}", ours.object, texts.join("; ")),
        remedy: target_engine.remedy(&remedy(ours.class, severity, &names)),
    })
}

/// Whether two properties of one name differ. The order of columns is that of the columns which both sides have.
fn differ(ours: &Property, theirs: &Property) -> bool {
    if ours.name != COLUMN_ORDER {
        return ours.value != theirs.value;
    }
    let columns = |property: &'_ Property| {
        property
            .value
            .split(NEXT_COLUMN)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (ours, theirs) = (columns(ours), columns(theirs));
    let (of_ours, of_theirs): (HashSet<_>, HashSet<_>) = (ours.iter().collect(), theirs.iter().collect());
    let common = ours.iter().filter(|column| of_theirs.contains(column));
    common.ne(theirs.iter().filter(|column| of_ours.contains(column)))
}

/// The remedy for an object whose properties of these names differ.
fn remedy(class: ObjectClass, severity: Severity, properties: &[String]) -> Remedy {
    match (class, severity) {
        (ObjectClass::MaterializedView, Severity::Error) if properties == [NOT_POPULATED] => Remedy::Populate,
        _ => Remedy::Change(class, severity),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::{Breaks, remedy::tests::Plain};

    fn definition(class: ObjectClass, name: &str, properties: &[(&str, &str)]) -> Definition {
        let properties = properties
            .iter()
            .map(|(name, value)| Property::new(*name, *value))
            .collect();
        Definition::new(class, name, properties)
    }

    /// A table with two columns, a key with its index, an owner and a grant.
    fn orders() -> Vec<Definition> {
        let table = "table shop.orders";
        vec![
            definition(ObjectClass::Table, "shop.orders", &[]),
            definition(
                ObjectClass::Column,
                "shop.orders.id",
                &[("type", "bigint"), ("not null", "")],
            )
            .part_of(table),
            definition(
                ObjectClass::Column,
                "shop.orders.total",
                &[("type", "numeric(12,2)")],
            )
            .part_of(table),
            definition(
                ObjectClass::Constraint,
                "shop.orders.pk",
                &[("statement", "PRIMARY KEY (id)")],
            )
            .part_of(table),
            definition(
                ObjectClass::Index,
                "pk on shop.orders",
                &[("statement", "CREATE UNIQUE INDEX pk")],
            )
            .part_of("constraint shop.orders.pk"),
            definition(ObjectClass::Owner, "of table shop.orders", &[("role", "app")]).part_of(table),
            definition(
                ObjectClass::Grants,
                "on relation shop.orders to app",
                &[("select", "")],
            )
            .part_of(table),
        ]
    }

    fn details(source: &[Definition], target: &[Definition]) -> Vec<String> {
        compare(source, target, &Plain)
            .into_iter()
            .map(|d| d.detail)
            .collect()
    }

    #[test]
    fn equal_schemas_have_no_difference_in_any_order() {
        let mut reversed = orders();
        reversed.reverse();
        assert_eq!(details(&orders(), &reversed), Vec::<String>::new());
    }

    #[test]
    fn a_difference_names_the_properties_of_both_sides() {
        let mut other = orders();
        other[2].properties = vec![
            Property::new("type", "numeric(10,2)"),
            Property::new("default", "0"),
        ];
        let seen = compare(&orders(), &other, &Plain);
        assert_eq!(
            seen,
            [SchemaDifference {
                object: "column shop.orders.total".into(),
                class: ObjectClass::Column,
                kind: DifferenceKind::Different,
                severity: Severity::Error,
                breaks: Breaks::Data,
                source: Some("type numeric(12,2)".into()),
                target: Some("type numeric(10,2), default 0".into()),
                detail: "column shop.orders.total: type numeric(12,2) on the source, numeric(10,2) on the target; \
                         default 0 only on the target"
                    .into(),
                remedy: "Change(Column, Error)".into(),
            }]
        );
    }

    #[test]
    fn the_parts_of_a_missing_table_are_counted_and_not_named() {
        let seen = compare(&orders(), &[], &Plain);
        assert_eq!(seen.len(), 1);
        assert_eq!(
            (seen[0].kind, seen[0].severity),
            (DifferenceKind::MissingOnTarget, Severity::Error)
        );
        assert_eq!(
            seen[0].detail,
            "table shop.orders: missing on the target, with 2 columns, 1 constraint, 1 index, 1 grant"
        );
        assert_eq!(
            details(&[], &orders()),
            ["table shop.orders: only on the target, with 2 columns, 1 constraint, 1 index, 1 grant"]
        );
    }

    #[test]
    fn a_missing_part_of_an_existing_object_is_named() {
        let without_key: Vec<_> = orders()
            .into_iter()
            .filter(|d| !matches!(d.class, ObjectClass::Constraint | ObjectClass::Index))
            .collect();
        assert_eq!(
            details(&orders(), &without_key),
            ["constraint shop.orders.pk: missing on the target, with 1 index: PRIMARY KEY (id)"]
        );
    }

    #[test]
    fn errors_are_listed_first_and_every_difference_is_named() {
        let source = [
            definition(ObjectClass::Owner, "of table a", &[("role", "app")]),
            definition(ObjectClass::Extension, "zone", &[("version", "1")]),
            definition(ObjectClass::View, "v", &[("statement", "SELECT 1")]),
        ];
        let target = [
            definition(ObjectClass::Owner, "of table a", &[("role", "dba")]),
            definition(ObjectClass::Table, "a", &[]),
        ];
        let seen: Vec<_> = compare(&source, &target, &Plain)
            .into_iter()
            .map(|d| (d.severity, d.object))
            .collect();
        assert_eq!(
            seen,
            [
                (Severity::Error, "extension zone".to_owned()),
                (Severity::Error, "view v".to_owned()),
                (Severity::Warning, "owner of table a".to_owned()),
                (Severity::Warning, "table a".to_owned()),
            ]
        );
    }

    #[test]
    fn objects_of_the_same_name_are_paired_one_by_one() {
        let twice = [
            definition(ObjectClass::Table, "a.b.c", &[]),
            definition(ObjectClass::Table, "a.b.c", &[("unlogged", "")]),
        ];
        assert_eq!(details(&twice, &twice), Vec::<String>::new());
        assert_eq!(
            details(&twice, &twice[..1]),
            ["table a.b.c: missing on the target: unlogged"]
        );
    }

    #[test]
    fn the_order_of_columns_counts_among_those_that_both_sides_have() {
        let table = |columns| [definition(ObjectClass::Table, "t", &[(COLUMN_ORDER, columns)])];
        assert_eq!(
            details(&table("a, b, c"), &table("a, d, c")),
            Vec::<String>::new()
        );
        assert_eq!(
            details(&table("a, b, c"), &table("c, a")),
            ["table t: column order a, b, c on the source, c, a on the target"]
        );
    }

    #[test]
    fn a_ring_of_objects_does_not_loop_forever() {
        let ring = [
            definition(ObjectClass::Table, "a", &[]).part_of("table b"),
            definition(ObjectClass::Table, "b", &[]).part_of("table a"),
        ];
        compare(&ring, &[], &Plain);
    }

    fn some_schema() -> impl Strategy<Value = Vec<Definition>> {
        let one = (
            0_usize..ObjectClass::ALL.len(),
            "[ab]",
            prop::collection::vec(("[pq]", "[xy]{0,2}"), 0..2),
        );
        prop::collection::vec(one, 0..6).prop_map(|objects| {
            objects
                .into_iter()
                .map(|(class, name, properties)| {
                    let properties: BTreeMap<_, _> = properties.into_iter().collect();
                    let properties = properties.into_iter().map(|(n, v)| Property::new(n, v)).collect();
                    Definition::new(ObjectClass::ALL[class], &name, properties)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn schemas_without_a_difference_are_equal_and_equal_hashes_exclude_errors(
            source in some_schema(),
            target in some_schema(),
        ) {
            let seen = compare(&source, &target, &Plain);
            let (mut ours, mut theirs) = (source.clone(), target.clone());
            ours.sort();
            theirs.sort();
            prop_assert_eq!(seen.is_empty(), ours == theirs);
            if super::super::fingerprint_hash(&source) == super::super::fingerprint_hash(&target) {
                prop_assert!(seen.iter().all(|d| d.severity == Severity::Warning), "{:?}", seen);
            }
        }
    }
}
