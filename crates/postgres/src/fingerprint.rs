//! The definitions of all objects in scope, in a form that is equal on both sides and across server versions.

use std::collections::BTreeMap;

use crossover_core::{
    catalogue::{Definition, ObjectClass, Property, STATEMENT},
    plan::Scope,
    ports::{PortError, PortResult},
};
use tokio_postgres::{Row, types::Type};

use crate::{
    PostgresDatabase,
    definition::{Form, OperandTypes, normal_form, readable},
    errors::Failure,
    locale::language_tag,
};

pub const DATABASE: &str = include_str!("sql/fingerprint_database.sql");
pub const RELATIONS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/base_types.sql"),
    include_str!("sql/fingerprint_relations.sql")
);
pub const PROGRAMS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/base_types.sql"),
    include_str!("sql/scope_programs.sql"),
    include_str!("sql/fingerprint_programs.sql")
);
pub const OTHERS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/scope_others.sql"),
    include_str!("sql/fingerprint_others.sql")
);
pub const RIGHTS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/scope_programs.sql"),
    include_str!("sql/scope_others.sql"),
    include_str!("sql/fingerprint_rights.sql")
);

impl PostgresDatabase {
    /// Definitions of all objects in scope, sorted. Left out are grants to Crossover's role, to the exempt
    /// roles and to superusers, which differ by side, and the objects that DMS creates in a source
    /// (`awsdms_…`).
    pub(crate) async fn definitions(&self, scope: &Scope) -> Result<Vec<Definition>, Failure> {
        let exempt = [(&self.exempt_roles as _, Type::TEXT_ARRAY)];
        let session = self.catalogue_session().await?;
        let database = session.query(DATABASE, &exempt).await?;
        let relations = session.query_scope(RELATIONS, scope, &[]).await?;
        let programs = session.query_scope(PROGRAMS, scope, &[]).await?;
        let others = session.query_scope(OTHERS, scope, &[]).await?;
        let rights = session.query_scope(RIGHTS, scope, &exempt).await?;
        drop(session);
        let mut definitions = [database, relations, programs, others, rights]
            .iter()
            .flatten()
            .map(|row| self.definition(row))
            .collect::<PortResult<Vec<_>>>()?;
        definitions.sort();
        Ok(definitions)
    }

    /// Each row has the class, the name, the owning object, the properties (name and value in turn; a NULL
    /// value is left out) and, where the normal form needs them, the types of columns in the expressions.
    fn definition(&self, row: &Row) -> PortResult<Definition> {
        let word: &str = self.read(row, "class")?;
        let class = ObjectClass::from_word(word)
            .ok_or_else(|| PortError::unexpected(self.what(), format!("an object of class {word:?}")))?;
        let texts: Vec<Option<&str>> = self.read(row, "properties")?;
        let types: Option<&str> = self.read(row, "types")?;
        let types: BTreeMap<String, String> =
            serde_json::from_str(types.unwrap_or("{}")).map_err(|e| PortError::unexpected(self.what(), e))?;
        let types = OperandTypes::new(types);
        let pairs = || {
            texts
                .chunks_exact(2)
                .filter_map(|pair| Some((pair[0]?, pair[1]?)))
        };
        let is_icu = pairs().any(|pair| pair == ("provider", "icu"));
        let properties = pairs()
            .map(|(name, value)| {
                let value = match (name, reads(class, name)) {
                    ("locale", _) if is_icu => language_tag(value),
                    (_, Some(form)) => normal_form(form, value, &types),
                    (_, None) => value.to_owned(),
                };
                Property::new(name, value)
            })
            .collect();
        let mut definition = Definition::new(class, &readable(self.read(row, "name")?), properties);
        if class == ObjectClass::Index && is_unique(&definition) {
            definition = definition.that_is_unique();
        }
        let whole: Option<String> = self.read(row, "belongs_to")?;
        Ok(match whole {
            Some(whole) => definition.part_of(readable(&whole)),
            None => definition,
        })
    }
}

fn is_unique(index: &Definition) -> bool {
    index
        .property(STATEMENT)
        .is_some_and(|statement| statement.starts_with("CREATE UNIQUE "))
}

/// The form in which a property is parsed; `None` for free text, which is compared unchanged.
fn reads(class: ObjectClass, property: &str) -> Option<Form> {
    use ObjectClass as Class;
    match (class, property) {
        (Class::View | Class::MaterializedView, STATEMENT) => Some(Form::Query),
        (Class::Function, "arguments") => Some(Form::Arguments),
        (Class::Type, "domain" | "range") | (Class::Column | Class::Sequence, "type") => {
            Some(Form::Signature)
        }
        (Class::Function, STATEMENT | "returns")
        | (Class::Type, "enum" | "default" | "constraint" | "composite")
        | (Class::Table | Class::ForeignTable, "partition by" | "partition")
        | (Class::Column, "default" | "generated")
        | (Class::Policy, "using" | "check")
        | (Class::Constraint | Class::Index | Class::Statistics | Class::Trigger | Class::Rule, STATEMENT) => {
            Some(Form::Statement)
        }
        (
            Class::ForeignDataWrapper | Class::ForeignServer | Class::ForeignTable | Class::Column,
            "options",
        ) => Some(Form::Options),
        // Free text: bodies and values, and what is not the name of an object.
        (Class::Function, name) if name.starts_with("set ") => None,
        (Class::Function, "body" | "library" | "initial value" | "moving initial value")
        | (Class::Type, "default value" | "delimiter")
        | (Class::TextSearchDictionary, "options")
        | (Class::ForeignServer, "type" | "version")
        | (Class::Database | Class::Setting | Class::Extension | Class::Collation, _)
        | (Class::Table | Class::MaterializedView, "replica identity" | "cluster on" | "access method")
        | (_, "with" | "toast with" | "state") => None,
        _ => Some(Form::Names),
    }
}
