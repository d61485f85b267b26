//! How grave a difference is, and what it breaks. One rule for each class of objects ([`rule`]); beside it:
//!
//! - What is extra on the target is an error only where it refuses or changes rows, or takes a right ([`of_extra`]).
//! - Some properties matter on one side only ([`of_property`]): an index that is invalid, a materialized view that is
//!   not populated, a right that only the target gives.
//!
//! An error is a difference that loses, refuses or changes rows, or removes something the application needs.
//! All other differences are warnings: those that only affect speed or ownership, and those that a correct target
//! shows because it is another server.

use serde::{Deserialize, Serialize};

use crate::catalogue::{COLUMN_ORDER, Definition, NOT_POPULATED, ObjectClass};
use Breaks::{Data, Results, Rights, Speed};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The two sides do not count as equal.
    Error,
    /// The two sides still count as equal; the operator should know.
    Warning,
}

/// What a difference breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Breaks {
    /// Rows are lost, refused or changed, now or by later statements.
    Data,
    /// Statements of the application fail or answer otherwise.
    Results,
    /// A role may do less, or more.
    Rights,
    /// Statements take longer.
    Speed,
}

impl std::fmt::Display for Breaks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Data => "data",
            Self::Results => "results",
            Self::Rights => "rights",
            Self::Speed => "speed",
        })
    }
}

/// Severity and harm of a difference. The graver weight is the lesser one.
pub(super) type Weight = (Severity, Breaks);

/// The side on which a differing property exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// On both sides, with different values.
    Both,
    SourceOnly,
    TargetOnly,
}

/// What holds for a class of objects.
struct Rule {
    /// What a difference breaks.
    breaks: Breaks,
    /// Whether an object that is missing on the target is an error; its other differences are too.
    grave: bool,
    /// Properties whose difference is a warning, and what it breaks.
    warns: &'static [(&'static str, Breaks)],
}

const fn error(breaks: Breaks, warns: &'static [(&'static str, Breaks)]) -> Rule {
    Rule {
        breaks,
        grave: true,
        warns,
    }
}

const fn warning(breaks: Breaks) -> Rule {
    Rule {
        breaks,
        grave: false,
        warns: &[],
    }
}

const fn rule(class: ObjectClass) -> Rule {
    match class {
        ObjectClass::Database => error(
            Data,
            &[
                ("provider", Results),
                ("collate", Results),
                ("ctype", Results),
                ("locale", Results),
                ("rules", Results),
                ("connection limit", Results),
            ],
        ),
        // The value of a setting that decides how fast a statement is, not what it does.
        ObjectClass::Setting => error(Results, &[("tunes", Speed)]),
        // Version and schema may differ between major versions.
        ObjectClass::Extension => error(Results, &[("version", Results), ("schema", Results)]),
        ObjectClass::Language
        | ObjectClass::AccessMethod
        | ObjectClass::EventTrigger
        | ObjectClass::Schema
        | ObjectClass::Collation
        | ObjectClass::Conversion
        | ObjectClass::Cast
        | ObjectClass::Transform
        | ObjectClass::Operator
        | ObjectClass::OperatorFamily
        | ObjectClass::OperatorClass
        | ObjectClass::TextSearchParser
        | ObjectClass::TextSearchTemplate
        | ObjectClass::TextSearchDictionary
        | ObjectClass::TextSearchConfiguration
        | ObjectClass::ForeignDataWrapper
        | ObjectClass::UserMapping
        | ObjectClass::View => error(Results, &[]),
        // A server may be reached at another address from the target.
        ObjectClass::ForeignServer => error(Results, &[("options", Results), ("version", Results)]),
        ObjectClass::ForeignTable => error(Results, &[(COLUMN_ORDER, Results)]),
        // Names of constraints are only read by those who drop them.
        ObjectClass::Type => error(
            Data,
            &[("names of constraints", Results), ("multirange", Results)],
        ),
        ObjectClass::Function => error(
            Results,
            &[
                ("cost", Speed),
                ("rows", Speed),
                ("state size", Speed),
                ("moving state size", Speed),
            ],
        ),
        ObjectClass::Sequence => error(Data, &[("owned by", Data), ("start", Data)]),
        ObjectClass::Table => error(
            Data,
            &[
                (COLUMN_ORDER, Results),
                ("of type", Results),
                ("access method", Speed),
                ("cluster on", Speed),
                ("with", Speed),
                ("toast with", Speed),
                ("options of partition indexes", Speed),
            ],
        ),
        ObjectClass::Column => error(
            Data,
            &[
                ("compression", Speed),
                ("storage", Speed),
                ("statistics target", Speed),
                ("with", Speed),
            ],
        ),
        ObjectClass::Constraint | ObjectClass::Trigger | ObjectClass::Rule => error(Data, &[]),
        ObjectClass::Index => error(Data, &[("statistics targets", Speed)]),
        ObjectClass::Policy | ObjectClass::Revoked => error(Rights, &[]),
        ObjectClass::MaterializedView => error(
            Results,
            &[
                ("access method", Speed),
                ("cluster on", Speed),
                ("with", Speed),
                ("toast with", Speed),
            ],
        ),
        // Upkeep can be left to the server. A dump does not carry the rights on a database unless it is
        // asked to.
        ObjectClass::Grants => error(
            Rights,
            &[
                ("maintain", Speed),
                ("temporary", Rights),
                ("create schemas", Rights),
                ("create in public", Rights),
            ],
        ),
        // The two sides have streams and tools of their own.
        ObjectClass::Publication => warning(Data),
        ObjectClass::Statistics => warning(Speed),
        // The owners of a managed server have other names.
        ObjectClass::Owner | ObjectClass::DefaultPrivileges => warning(Rights),
    }
}

/// Properties that only warn make an object of these classes light, if it has no other.
const fn is_as_grave_as_its_properties(class: ObjectClass) -> bool {
    matches!(class, ObjectClass::Setting | ObjectClass::Grants)
}

fn is_light(object: &Definition) -> bool {
    is_as_grave_as_its_properties(object.class)
        && !object.properties.is_empty()
        && object
            .properties
            .iter()
            .all(|p| only_warns(object.class, &p.name))
}

const fn severity(grave: bool) -> Severity {
    if grave { Severity::Error } else { Severity::Warning }
}

pub(super) fn of_missing(missing: &Definition) -> Weight {
    let rule = rule(missing.class);
    // An owner may do everything where nothing was taken.
    let grave = rule.grave && missing.class != ObjectClass::Revoked && !is_light(missing);
    (severity(grave), breaks_of(missing))
}

pub(super) fn of_extra(extra: &Definition) -> Weight {
    let harms = match extra.class {
        ObjectClass::Constraint | ObjectClass::Policy | ObjectClass::Revoked => true,
        ObjectClass::Trigger | ObjectClass::Rule => extra.property("state") != Some("disabled"),
        ObjectClass::Index => extra.unique,
        ObjectClass::Column => {
            let filled = ["default", "generated", "identity"];
            extra.property("not null").is_some() && filled.iter().all(|by| extra.property(by).is_none())
        }
        ObjectClass::Setting => !is_light(extra),
        // Such a cast is made without being asked for.
        ObjectClass::Cast => extra.property("context") == Some("implicit"),
        _ => false,
    };
    (severity(harms), breaks_of(extra))
}

fn breaks_of(alone: &Definition) -> Breaks {
    match alone.properties.first() {
        Some(property) if is_light(alone) => of_property(alone.class, &property.name, Found::Both).1,
        _ => rule(alone.class).breaks,
    }
}

pub(super) fn of_property(class: ObjectClass, property: &str, found: Found) -> Weight {
    let rule = rule(class);
    if let Some((_, breaks)) = rule.warns.iter().find(|(name, _)| *name == property) {
        return (Severity::Warning, *breaks);
    }
    let harmless = !rule.grave
        || match class {
            ObjectClass::Index => property == "invalid" && found == Found::SourceOnly,
            // Every query of a view that is not populated fails, so only the target's state matters.
            ObjectClass::MaterializedView => property == NOT_POPULATED && found == Found::SourceOnly,
            ObjectClass::Grants => found == Found::TargetOnly,
            ObjectClass::Revoked => found == Found::SourceOnly,
            _ => false,
        };
    (severity(!harmless), rule.breaks)
}

/// Whether a difference of this property is always a warning. Such properties are not part of the
/// fingerprint's hash.
pub(super) fn only_warns(class: ObjectClass, property: &str) -> bool {
    let rule = rule(class);
    !rule.grave || rule.warns.iter().any(|(name, _)| *name == property)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Property, STATEMENT};
    use Severity::{Error, Warning};

    fn object(class: ObjectClass, properties: &[(&str, &str)]) -> Definition {
        let properties = properties
            .iter()
            .map(|(name, value)| Property::new(*name, *value))
            .collect();
        Definition::new(class, "x", properties)
    }

    #[test]
    fn a_missing_object_is_an_error_unless_the_application_does_without_it() {
        use ObjectClass::{DefaultPrivileges, Grants, Owner, Publication, Revoked, Setting, Statistics};
        for class in ObjectClass::ALL {
            let light = matches!(
                class,
                Statistics | Owner | Publication | DefaultPrivileges | Revoked
            );
            assert_eq!(of_missing(&object(*class, &[])).0 == Warning, light, "{class:?}");
        }
        for (class, properties, weight) in [
            (Setting, &[("value", "UTC")][..], (Error, Results)),
            (Setting, &[("tunes", "64MB")], (Warning, Speed)),
            (Grants, &[("temporary", "")], (Warning, Rights)),
            (Grants, &[("maintain", ""), ("select", "")], (Error, Rights)),
        ] {
            assert_eq!(
                of_missing(&object(class, properties)),
                weight,
                "{class:?} {properties:?}"
            );
        }
    }

    #[test]
    fn an_extra_object_is_an_error_only_when_it_refuses_or_changes_rows_or_takes_rights() {
        use ObjectClass::{
            Cast, Column, Constraint, Index, Policy, Revoked, Rule, Setting, Table, Trigger, View,
        };
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
            (Cast, &[("context", "implicit")], Error),
            (Cast, &[("context", "explicit")], Warning),
            (Setting, &[("value", "UTC")], Error),
            (Setting, &[("tunes", "64MB")], Warning),
            (Revoked, &[("update", "")], Error),
        ] {
            assert_eq!(
                of_extra(&object(class, properties)).0,
                severity,
                "{class:?} {properties:?}"
            );
        }
        let unique = Definition::new(Index, "x", Vec::new()).that_is_unique();
        assert_eq!(of_extra(&unique).0, Error);
    }

    #[test]
    fn a_difference_is_an_error_unless_it_is_legitimate() {
        use Found::{Both, SourceOnly, TargetOnly};
        use ObjectClass::{
            Column, Constraint, Database, Extension, Grants, Index, MaterializedView, Owner, Revoked,
            Sequence, Setting, Statistics, Table,
        };
        for (class, property, found, weight) in [
            (Column, "type", Both, (Error, Data)),
            (Column, "compression", Both, (Warning, Speed)),
            (Table, "row level security", TargetOnly, (Error, Data)),
            (Table, COLUMN_ORDER, Both, (Warning, Results)),
            (Database, "encoding", Both, (Error, Data)),
            (Database, "collate", Both, (Warning, Results)),
            (Extension, "version", Both, (Warning, Results)),
            (Owner, "role", Both, (Warning, Rights)),
            (Statistics, STATEMENT, Both, (Warning, Speed)),
            (MaterializedView, NOT_POPULATED, TargetOnly, (Error, Results)),
            (MaterializedView, NOT_POPULATED, SourceOnly, (Warning, Results)),
            (MaterializedView, STATEMENT, Both, (Error, Results)),
            (Sequence, "owned by", SourceOnly, (Warning, Data)),
            (Sequence, "increment", Both, (Error, Data)),
            (Constraint, "not enforced", TargetOnly, (Error, Data)),
            (Index, "invalid", TargetOnly, (Error, Data)),
            (Index, "invalid", SourceOnly, (Warning, Data)),
            (Grants, "select", SourceOnly, (Error, Rights)),
            (Grants, "select", TargetOnly, (Warning, Rights)),
            (Grants, "maintain", SourceOnly, (Warning, Speed)),
            (Revoked, "select", SourceOnly, (Warning, Rights)),
            (Revoked, "select", TargetOnly, (Error, Rights)),
            (Setting, "value", Both, (Error, Results)),
        ] {
            assert_eq!(
                of_property(class, property, found),
                weight,
                "{class:?} {property} {found:?}"
            );
        }
    }
}
