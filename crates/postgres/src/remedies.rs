//! Remedies for findings, as PostgreSQL statements.

use crossover_core::{
    catalogue::{MissingIdentity, ObjectClass, ReplicaIdentity},
    schema::{Remedies, Remedy, Severity},
};

use crate::PostgresDatabase;

#[derive(Debug, Clone, Copy)]
pub struct SqlRemedies;

impl Remedies for SqlRemedies {
    fn remedy(&self, remedy: &Remedy) -> String {
        text(remedy)
    }
}

impl Remedies for PostgresDatabase {
    fn remedy(&self, remedy: &Remedy) -> String {
        text(remedy)
    }
}

fn text(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Create(class) => create(*class).to_owned(),
        Remedy::Change(class, severity) => change(*class, *severity).to_owned(),
        Remedy::Populate => {
            "refresh materialized view on the target: every query of the view fails until then".to_owned()
        }
        Remedy::IdentifyRows { identity, alike } => identify(*identity, *alike).to_owned(),
        Remedy::Analyse(table) => format!("analyze {table}"),
        Remedy::AdvanceSequence => "use setval on the target at once, to a value beyond the source's position".to_owned(),
        Remedy::SetCyclingSequence => {
            "check that the target has continued from the source's position since the cutover (final-sync sets it); if not, use setval"
                .to_owned()
        }
        Remedy::TurnSequence => "alter sequence ... increment on the target".to_owned(),
    }
}

/// The remedy for an object that is missing on the target.
const fn create(class: ObjectClass) -> &'static str {
    match class {
        ObjectClass::Extension => {
            "create extension on the target; if the extension is not available there, the application must work without it"
        }
        ObjectClass::Column => "alter table ... add column on the target",
        ObjectClass::Constraint => "alter table ... add constraint on the target",
        ObjectClass::Index => {
            "create it on the target (with create index concurrently if the table is written to already)"
        }
        ObjectClass::Grants => "grant the same rights on the target",
        ObjectClass::Revoked => {
            "revoke the same rights from the owner on the target, or leave them to the owner deliberately"
        }
        ObjectClass::DefaultPrivileges => {
            "alter default privileges on the target, for the role that creates objects there"
        }
        ObjectClass::Setting => {
            "alter database ... set, or alter role ... in database ... set, on the target"
        }
        ObjectClass::Publication => "create it on the target before the cutover if somebody subscribes to it",
        ObjectClass::Language | ObjectClass::AccessMethod | ObjectClass::ForeignDataWrapper => {
            "create it on the target; if the target does not allow it, the application must work without it"
        }
        ObjectClass::UserMapping => {
            "create user mapping on the target; the source does not tell its password"
        }
        ObjectClass::Owner => "give it the same owner on the target",
        ObjectClass::Database
        | ObjectClass::EventTrigger
        | ObjectClass::Schema
        | ObjectClass::Collation
        | ObjectClass::Type
        | ObjectClass::Function
        | ObjectClass::Sequence
        | ObjectClass::Table
        | ObjectClass::Statistics
        | ObjectClass::Trigger
        | ObjectClass::Rule
        | ObjectClass::Policy
        | ObjectClass::View
        | ObjectClass::MaterializedView
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
        | ObjectClass::ForeignServer
        | ObjectClass::ForeignTable => {
            "create it on the target as the source has it; pg_dump --schema-only of the source prints the statement"
        }
    }
}

/// The remedy for a table whose replica identity is missing or costly.
const fn identify(identity: ReplicaIdentity, alike: bool) -> &'static str {
    match identity {
        ReplicaIdentity::Key | ReplicaIdentity::FullRow => "alter table ... add primary key on both sides",
        ReplicaIdentity::Missing(missing) => match missing {
            MissingIdentity::NoPrimaryKey if alike => {
                "alter table ... add primary key on both sides; or, where the stream supports it, alter table ... replica identity full \
                 (each update and delete then scans the table)"
            }
            MissingIdentity::NoPrimaryKey => {
                "alter table ... replica identity using index ... (it has a unique index over columns that are never NULL) on both sides"
            }
            MissingIdentity::DeferrablePrimaryKey => {
                "make the primary key not deferrable on both sides, or alter table ... replica identity using another index"
            }
            MissingIdentity::Nothing => {
                "alter table ... replica identity default (or using index) on both sides"
            }
            MissingIdentity::IndexIsGone => {
                "alter table ... replica identity default, or using an existing index, on both sides"
            }
        },
    }
}

/// The remedy for an object that differs on the target.
const fn change(class: ObjectClass, severity: Severity) -> &'static str {
    match (class, severity) {
        (ObjectClass::Database, Severity::Error) => {
            "create the target's database again with the source's encoding: the encoding of a database cannot be changed"
        }
        (ObjectClass::Database, Severity::Warning) => {
            "expect a different sort order of text and different index ranges, or create the target's database again with the source's locale"
        }
        (ObjectClass::Extension, _) => {
            "check that the application works with the target's version, or alter extension ... update or set schema"
        }
        (ObjectClass::Index, _) => "reindex it, or drop it and create it again",
        (ObjectClass::MaterializedView, Severity::Warning) => {
            "no action is needed if this is intended: only the source's view cannot be queried"
        }
        (ObjectClass::Owner, _) => {
            "alter ... owner to on the target, or grant the source's owner the rights that ownership gave"
        }
        (ObjectClass::Grants, Severity::Warning) => {
            "revoke the additional rights on the target, or keep them deliberately"
        }
        (ObjectClass::Grants, Severity::Error) => "grant the same rights on the target",
        (ObjectClass::Constraint, _) => {
            "make it equal on the target: alter table ... enable trigger all where its triggers do not fire, or drop it and add it again"
        }
        (ObjectClass::Revoked, Severity::Error) => "grant the owner on the target what was taken there",
        (ObjectClass::Revoked, Severity::Warning) => {
            "revoke the same rights from the owner on the target, or leave them to the owner deliberately"
        }
        (ObjectClass::Setting, _) => {
            "alter database ... set, or alter role ... in database ... set, on the target"
        }
        (ObjectClass::Table | ObjectClass::ForeignTable, Severity::Warning) => {
            "alter table ... on the target; where only the order of columns differs, name the columns in every insert and copy"
        }
        (ObjectClass::ForeignServer | ObjectClass::UserMapping, Severity::Warning) => {
            "see that the target reaches what it should, or alter its options"
        }
        (ObjectClass::Publication, _) => {
            "alter publication on the target before the cutover if somebody subscribes to it"
        }
        (ObjectClass::Trigger | ObjectClass::Rule | ObjectClass::EventTrigger, _) => {
            "make it equal on the target: alter table ... enable or disable for the state, or create it again"
        }
        _ => "change it on the target to match the source",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_without_rows_is_refreshed() {
        assert_eq!(
            text(&Remedy::Populate),
            "refresh materialized view on the target: every query of the view fails until then"
        );
    }

    #[test]
    fn every_class_has_a_remedy_that_names_the_side() {
        for &class in ObjectClass::ALL {
            let create = text(&Remedy::Create(class));
            assert!(create.contains("the target"), "{class:?}: {create}");
            for severity in [Severity::Error, Severity::Warning] {
                assert!(!text(&Remedy::Change(class, severity)).is_empty(), "{class:?}");
            }
        }
    }
}
