//! Two fingerprints against each other.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
};

use super::{
    DifferenceKind, SchemaDifference, Severity,
    weight::{self, Found},
    wording::{self, Counted},
};
use crate::catalogue::{Definition, ObjectClass, Property};

/// Every difference, the errors first, each list sorted by object. What goes with an object that is missing as a whole (its
/// columns, indexes, grants, …) is counted there instead of named one by one. What each difference weighs: [`super::weight`].
pub fn compare(source: &[Definition], target: &[Definition]) -> Vec<SchemaDifference> {
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
                    differences.extend(different(ours, theirs));
                }
            }
        }
    }
    differences.extend(whole(&missing).map(|(object, parts)| SchemaDifference {
        object: object.object.clone(),
        class: object.class,
        kind: DifferenceKind::MissingOnTarget,
        severity: weight::of_missing(object.class),
        source: Some(wording::excerpt(&object.to_string())),
        target: None,
        detail: wording::missing(object, &parts),
        remedy: wording::create(object.class).to_owned(),
    }));
    differences.extend(whole(&extra).map(|(object, parts)| {
        let severity = weight::of_extra(object);
        SchemaDifference {
            object: object.object.clone(),
            class: object.class,
            kind: DifferenceKind::ExtraOnTarget,
            severity,
            source: None,
            target: Some(wording::excerpt(&object.to_string())),
            detail: wording::extra(object, severity, &parts),
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

/// Objects on one side only, without those that go with another one of them; these are counted by class. That everything has an
/// owner goes without saying.
fn whole<'d>(alone: &[&&'d Definition]) -> impl Iterator<Item = (&'d Definition, Counted)> {
    let by_name: HashMap<&str, &Definition> = alone.iter().map(|d| (d.object.as_str(), **d)).collect();
    let mut parts: HashMap<&str, Counted> = HashMap::new();
    let mut wholes = Vec::new();
    for definition in alone {
        let mut root: &Definition = definition;
        // Parts are nested three deep at most (an index of a constraint of a table); a ring would be no reason to hang.
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

/// The same object with other properties.
fn different(ours: &Definition, theirs: &Definition) -> Option<SchemaDifference> {
    let of_target: HashMap<&str, &Property> =
        theirs.properties.iter().map(|p| (p.name.as_str(), p)).collect();
    let mut severity = Severity::Warning;
    let (mut on_source, mut on_target, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let mut names = Vec::new();
    let mut note = |name: &str, found, source: Option<&Property>, target: Option<&Property>| {
        names.push(name.to_owned());
        severity = severity.min(weight::of_property(ours.class, name, found));
        on_source.extend(source.map(Property::to_string));
        on_target.extend(target.map(Property::to_string));
        texts.push(wording::property(source, target));
    };
    for property in &ours.properties {
        match of_target.get(property.name.as_str()) {
            None => note(&property.name, Found::SourceOnly, Some(property), None),
            Some(other) if other.value != property.value => {
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
    if texts.is_empty() {
        return None;
    }
    let side =
        |properties: Vec<String>| (!properties.is_empty()).then(|| wording::excerpt(&properties.join(", ")));
    Some(SchemaDifference {
        object: ours.object.clone(),
        class: ours.class,
        kind: DifferenceKind::Different,
        severity,
        source: side(on_source),
        target: side(on_target),
        detail: format!("{}: {}", ours.object, texts.join("; ")),
        remedy: wording::change(ours.class, severity, &names).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        compare(source, target).into_iter().map(|d| d.detail).collect()
    }

    #[test]
    fn equal_schemas_have_no_difference_whatever_their_order() {
        let mut turned = orders();
        turned.reverse();
        assert_eq!(details(&orders(), &turned), Vec::<String>::new());
    }

    #[test]
    fn a_difference_is_told_by_its_properties() {
        let mut other = orders();
        other[2].properties = vec![
            Property::new("type", "numeric(10,2)"),
            Property::new("default", "0"),
        ];
        let seen = compare(&orders(), &other);
        assert_eq!(
            seen,
            [SchemaDifference {
                object: "column shop.orders.total".into(),
                class: ObjectClass::Column,
                kind: DifferenceKind::Different,
                severity: Severity::Error,
                source: Some("type numeric(12,2)".into()),
                target: Some("type numeric(10,2), default 0".into()),
                detail: "column shop.orders.total: type numeric(12,2) on the source, numeric(10,2) on the target; \
                         default 0 only on the target"
                    .into(),
                remedy: "make it on the target what it is on the source".into(),
            }]
        );
    }

    #[test]
    fn the_parts_of_a_missing_table_are_counted_and_not_named() {
        let seen = compare(&orders(), &[]);
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
    fn a_part_is_named_when_its_whole_is_there() {
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
    fn errors_come_first_and_everything_is_named() {
        let source = [
            definition(ObjectClass::Owner, "of table a", &[("role", "app")]),
            definition(ObjectClass::Extension, "zone", &[("version", "1")]),
            definition(ObjectClass::View, "v", &[("statement", "SELECT 1")]),
        ];
        let target = [
            definition(ObjectClass::Owner, "of table a", &[("role", "dba")]),
            definition(ObjectClass::Table, "a", &[]),
        ];
        let seen: Vec<_> = compare(&source, &target)
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
    fn objects_of_the_same_name_are_paired_as_far_as_they_go() {
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
    fn objects_that_belong_to_each_other_do_not_hang_it() {
        let ring = [
            definition(ObjectClass::Table, "a", &[]).part_of("table b"),
            definition(ObjectClass::Table, "b", &[]).part_of("table a"),
        ];
        compare(&ring, &[]);
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
        fn no_difference_means_equal_and_equal_figures_mean_no_error_but_what_is_extra(
            source in some_schema(),
            target in some_schema(),
        ) {
            let seen = compare(&source, &target);
            let (mut ours, mut theirs) = (source.clone(), target.clone());
            ours.sort();
            theirs.sort();
            prop_assert_eq!(seen.is_empty(), ours == theirs);
            let figures = super::super::fingerprint_hash(&source) == super::super::fingerprint_hash(&target);
            if figures {
                prop_assert!(seen.iter().all(|d| d.severity == Severity::Warning), "{:?}", seen);
            }
        }
    }
}
