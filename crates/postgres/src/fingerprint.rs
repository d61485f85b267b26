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
    definition::{Form, OperandTypes, normal_form},
    errors::Failure,
    locale::language_tag,
};

const DATABASE: &str = include_str!("sql/fingerprint_database.sql");
const RELATIONS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/base_types.sql"),
    include_str!("sql/fingerprint_relations.sql")
);
const PROGRAMS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/base_types.sql"),
    include_str!("sql/fingerprint_programs.sql")
);
const RIGHTS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/fingerprint_rights.sql")
);
impl PostgresDatabase {
    /// Definitions of all objects in scope, sorted. Left out are grants to Crossover's role, to the exempt
    /// roles and to superusers, which differ by side, and the objects that DMS creates in a source
    /// (`awsdms_…`).
    pub(crate) async fn definitions(&self, scope: &Scope) -> Result<Vec<Definition>, Failure> {
        let exempt = [(&self.exempt_roles as _, Type::TEXT_ARRAY)];
        let session = self.catalogue_session().await?;
        let database = session.query(DATABASE, &[]).await?;
        let relations = session.query_scope(RELATIONS, scope, &[]).await?;
        let programs = session.query_scope(PROGRAMS, scope, &[]).await?;
        let rights = session.query_scope(RIGHTS, scope, &exempt).await?;
        drop(session);
        let mut definitions = [database, relations, programs, rights]
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
        let mut definition = Definition::new(class, self.read(row, "name")?, properties);
        if class == ObjectClass::Index && is_unique(&definition) {
            definition = definition.that_is_unique();
        }
        let whole: Option<String> = self.read(row, "belongs_to")?;
        Ok(match whole {
            Some(whole) => definition.part_of(whole),
            None => definition,
        })
    }
}

fn is_unique(index: &Definition) -> bool {
    index
        .property(STATEMENT)
        .is_some_and(|statement| statement.starts_with("CREATE UNIQUE "))
}

/// The form in which a property is parsed; `None` for free text, names and numbers, which are compared
/// unchanged.
fn reads(class: ObjectClass, property: &str) -> Option<Form> {
    match (class, property) {
        (ObjectClass::View | ObjectClass::MaterializedView, STATEMENT) => Some(Form::Query),
        (ObjectClass::Function, "arguments") => Some(Form::Arguments),
        (ObjectClass::EventTrigger, "execute")
        | (ObjectClass::Function, "support" | "transition" | "state type" | "final" | "combine")
        | (ObjectClass::Type, "domain" | "range")
        | (ObjectClass::Column | ObjectClass::Sequence, "type") => Some(Form::Signature),
        (ObjectClass::Function, STATEMENT | "returns")
        | (ObjectClass::Type, "enum" | "default" | "constraint" | "composite")
        | (ObjectClass::Table, "partition by" | "partition")
        | (ObjectClass::Column, "default" | "generated")
        | (ObjectClass::Policy, "using" | "check")
        | (
            ObjectClass::Constraint
            | ObjectClass::Index
            | ObjectClass::Statistics
            | ObjectClass::Trigger
            | ObjectClass::Rule,
            STATEMENT,
        ) => Some(Form::Statement),
        _ => None,
    }
}
