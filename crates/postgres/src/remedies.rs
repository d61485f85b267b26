//! What is to be done about a finding, in the statements of PostgreSQL.

use crossover_core::{
    catalogue::{MissingIdentity, ObjectClass, ReplicaIdentity},
    schema::{Remedies, Remedy, Severity},
};

use crate::PostgresDatabase;

/// Remedies as statements of PostgreSQL.
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
            "refresh materialized view on the target: until then every query of it fails".to_owned()
        }
        Remedy::IdentifyRows { identity, alike } => identify(*identity, *alike).to_owned(),
        Remedy::Analyse(table) => format!("analyze {table}"),
        Remedy::AdvanceSequence => "setval it on the target beyond the source's position, at once".to_owned(),
        Remedy::SetCyclingSequence => {
            "see that the target has gone on from the source's position since the cutover (final-sync sets it there); if not, setval it"
                .to_owned()
        }
        Remedy::TurnSequence => "alter sequence ... increment on the target".to_owned(),
    }
}

/// What to do about something that is missing on the target.
const fn create(class: ObjectClass) -> &'static str {
    match class {
        ObjectClass::Extension => {
            "create extension on the target; where the target does not offer it, the application has to do without"
        }
        ObjectClass::Column => "alter table ... add column on the target",
        ObjectClass::Constraint => "alter table ... add constraint on the target",
        ObjectClass::Index => {
            "create it on the target (create index concurrently where it is written to already)"
        }
        ObjectClass::Grants => "grant the same rights on the target",
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
        | ObjectClass::MaterializedView => {
            "create it on the target as the source has it; pg_dump --schema-only of the source prints the statement"
        }
    }
}

/// What to do about a table whose changes do not identify its rows well.
const fn identify(identity: ReplicaIdentity, alike: bool) -> &'static str {
    match identity {
        ReplicaIdentity::Key | ReplicaIdentity::FullRow => "alter table ... add primary key on both sides",
        ReplicaIdentity::Missing(missing) => match missing {
            MissingIdentity::NoPrimaryKey if alike => {
                "alter table ... add primary key on both sides, or exclude it"
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
                "alter table ... replica identity default, or using an index that is there, on both sides"
            }
        },
    }
}

/// What to do about something that is another thing on the target.
const fn change(class: ObjectClass, severity: Severity) -> &'static str {
    match (class, severity) {
        (ObjectClass::Database, Severity::Error) => {
            "make the target's database again with the source's encoding: it cannot be changed afterwards"
        }
        (ObjectClass::Database, Severity::Warning) => {
            "expect another order of text and other index ranges, or make the target's database again with the source's locale"
        }
        (ObjectClass::Extension, _) => {
            "see that the application can live with the target's version; alter extension ... update or set schema"
        }
        (ObjectClass::Index, _) => "reindex it, or drop it and create it again",
        (ObjectClass::MaterializedView, Severity::Warning) => {
            "keep it knowingly: only the source's cannot be read"
        }
        (ObjectClass::Owner, _) => {
            "alter ... owner to on the target, or grant the source's owner what ownership gave it"
        }
        (ObjectClass::Grants, Severity::Warning) => "revoke what is more on the target, or keep it knowingly",
        (ObjectClass::Grants, Severity::Error) => "grant the same rights on the target",
        (ObjectClass::Constraint, Severity::Warning) => {
            "alter table ... enable trigger all on the target once its rows are complete"
        }
        (ObjectClass::Trigger | ObjectClass::Rule | ObjectClass::EventTrigger, _) => {
            "make it equal on the target: alter table ... enable or disable for the state, or create it again"
        }
        _ => "make it on the target what it is on the source",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_without_rows_is_refreshed() {
        assert_eq!(
            text(&Remedy::Populate),
            "refresh materialized view on the target: until then every query of it fails"
        );
    }

    #[test]
    fn every_class_has_a_remedy_that_names_the_side() {
        for class in ObjectClass::ALL {
            let create = text(&Remedy::Create(class));
            assert!(create.contains("the target"), "{class:?}: {create}");
            for severity in [Severity::Error, Severity::Warning] {
                assert!(!text(&Remedy::Change(class, severity)).is_empty(), "{class:?}");
            }
        }
    }
}
