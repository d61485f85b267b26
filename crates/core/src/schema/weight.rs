//! The severity of a difference:
//!
//! | class | missing on the target | extra on the target | different |
//! |---|---|---|---|
//! | database | - | - | error: encoding; warning: locales and their provider |
//! | extension | error | warning | warning: version and schema may differ between major versions |
//! | schema, collation, type, function, view, event trigger | error | warning | error |
//! | materialized view | error | warning | error; warning: not populated on the source only |
//! | sequence | error | warning | error; warning: owned by another column |
//! | table | error | warning | error |
//! | column | error | error when inserts that do not name it fail, else warning | error |
//! | constraint | error | error: it refuses rows the source takes | error; warning: its triggers are disabled |
//! | index | error | error when unique, else warning | error; warning: invalid on the source only |
//! | trigger, rule | error | error when it fires, else warning | error |
//! | policy | error | error | error |
//! | statistics object | warning | warning | warning |
//! | grants | error | warning | error for a right that is missing on the target, warning for one that is extra there |
//! | owner | - | - | warning |
//!
//! An error is a difference that loses, refuses or changes rows, or removes something the application needs.
//! All other differences, for example those that only affect speed or ownership, are warnings.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Definition, NOT_POPULATED, ObjectClass};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The two sides do not count as equal.
    Error,
    /// The two sides still count as equal; the operator should know.
    Warning,
}

/// The side on which a differing property exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// On both sides, with different values.
    Both,
    SourceOnly,
    TargetOnly,
}

pub(super) const fn of_missing(class: ObjectClass) -> Severity {
    match class {
        ObjectClass::Statistics | ObjectClass::Owner => Severity::Warning,
        ObjectClass::Database
        | ObjectClass::Extension
        | ObjectClass::EventTrigger
        | ObjectClass::Schema
        | ObjectClass::Collation
        | ObjectClass::Type
        | ObjectClass::Function
        | ObjectClass::Sequence
        | ObjectClass::Table
        | ObjectClass::Column
        | ObjectClass::Constraint
        | ObjectClass::Index
        | ObjectClass::Trigger
        | ObjectClass::Rule
        | ObjectClass::Policy
        | ObjectClass::View
        | ObjectClass::MaterializedView
        | ObjectClass::Grants => Severity::Error,
    }
}

pub(super) fn of_extra(extra: &Definition) -> Severity {
    let harms = match extra.class {
        ObjectClass::Constraint | ObjectClass::Policy => true,
        ObjectClass::Trigger | ObjectClass::Rule => extra.property("state") != Some("disabled"),
        ObjectClass::Index => extra.unique,
        ObjectClass::Column => {
            let filled = ["default", "generated", "identity"];
            extra.property("not null").is_some() && filled.iter().all(|by| extra.property(by).is_none())
        }
        ObjectClass::Database
        | ObjectClass::Extension
        | ObjectClass::EventTrigger
        | ObjectClass::Schema
        | ObjectClass::Collation
        | ObjectClass::Type
        | ObjectClass::Function
        | ObjectClass::Sequence
        | ObjectClass::Table
        | ObjectClass::Statistics
        | ObjectClass::View
        | ObjectClass::MaterializedView
        | ObjectClass::Owner
        | ObjectClass::Grants => false,
    };
    if harms { Severity::Error } else { Severity::Warning }
}

pub(super) fn of_property(class: ObjectClass, property: &str, found: Found) -> Severity {
    let harmless = only_warns(class, property)
        || match class {
            ObjectClass::Index => property == "invalid" && found == Found::SourceOnly,
            // Every query of a view that is not populated fails, so only the target's state matters.
            ObjectClass::MaterializedView => property == NOT_POPULATED && found == Found::SourceOnly,
            ObjectClass::Grants => found == Found::TargetOnly,
            _ => false,
        };
    if harmless {
        Severity::Warning
    } else {
        Severity::Error
    }
}

/// Whether a difference of this property is always a warning. Such properties are not part of the
/// fingerprint's hash.
pub(super) fn only_warns(class: ObjectClass, property: &str) -> bool {
    match class {
        ObjectClass::Owner | ObjectClass::Statistics | ObjectClass::Extension => true,
        ObjectClass::Database => property != "encoding",
        ObjectClass::Sequence => property == "owned by",
        ObjectClass::Constraint => property == "triggers disabled",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Property, STATEMENT};

    fn extra(class: ObjectClass, properties: &[(&str, &str)]) -> Severity {
        let properties = properties
            .iter()
            .map(|(name, value)| Property::new(*name, *value))
            .collect();
        of_extra(&Definition::new(class, "x", properties))
    }

    #[test]
    fn a_missing_object_is_an_error_except_for_statistics_and_owners() {
        for class in ObjectClass::ALL {
            let light = matches!(class, ObjectClass::Statistics | ObjectClass::Owner);
            assert_eq!(of_missing(class) == Severity::Warning, light, "{class:?}");
        }
    }

    #[test]
    fn an_extra_object_is_an_error_only_when_it_refuses_or_changes_rows() {
        use ObjectClass::{Column, Constraint, Index, Policy, Rule, Table, Trigger, View};
        use Severity::{Error, Warning};
        for (class, properties, severity) in [
            (Table, &[][..], Warning),
            (View, &[(STATEMENT, "SELECT 1")], Warning),
            (Constraint, &[(STATEMENT, "CHECK (false)")], Error),
            (Policy, &[("using", "false")], Error),
            (Index, &[(STATEMENT, "an index")], Warning),
            (Trigger, &[("state", "enabled")], Error),
            (Trigger, &[("state", "disabled")], Warning),
            (Rule, &[("state", "enabled always")], Error),
            (Column, &[("type", "text")], Warning),
            (Column, &[("type", "text"), ("not null", "")], Error),
            (Column, &[("not null", ""), ("default", "0")], Warning),
            (Column, &[("not null", ""), ("identity", "always")], Warning),
            (Column, &[("not null", ""), ("generated", "stored 1")], Warning),
        ] {
            assert_eq!(extra(class, properties), severity, "{class:?} {properties:?}");
        }
        let unique = Definition::new(Index, "x", Vec::new()).that_is_unique();
        assert_eq!(of_extra(&unique), Error);
    }

    #[test]
    fn a_difference_is_an_error_unless_it_is_legitimate() {
        use Found::{Both, SourceOnly, TargetOnly};
        use ObjectClass::{
            Column, Constraint, Database, Extension, Grants, Index, MaterializedView, Owner, Sequence,
            Statistics, Table,
        };
        for (class, property, found, severity) in [
            (Column, "type", Both, Severity::Error),
            (Table, "row level security", TargetOnly, Severity::Error),
            (Database, "encoding", Both, Severity::Error),
            (Database, "collate", Both, Severity::Warning),
            (Extension, "version", Both, Severity::Warning),
            (Owner, "role", Both, Severity::Warning),
            (Statistics, STATEMENT, Both, Severity::Warning),
            (MaterializedView, NOT_POPULATED, TargetOnly, Severity::Error),
            (MaterializedView, NOT_POPULATED, SourceOnly, Severity::Warning),
            (MaterializedView, STATEMENT, Both, Severity::Error),
            (Sequence, "owned by", SourceOnly, Severity::Warning),
            (Sequence, "increment", Both, Severity::Error),
            (Constraint, "triggers disabled", TargetOnly, Severity::Warning),
            (Index, "invalid", TargetOnly, Severity::Error),
            (Index, "invalid", SourceOnly, Severity::Warning),
            (Grants, "select", SourceOnly, Severity::Error),
            (Grants, "select", TargetOnly, Severity::Warning),
        ] {
            assert_eq!(
                of_property(class, property, found),
                severity,
                "{class:?} {property} {found:?}"
            );
        }
    }
}
