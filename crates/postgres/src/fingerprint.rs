//! The schema in scope, object by object, in a form that is equal on both sides and across server versions.

use crossover_core::{
    catalogue::{Definition, ObjectClass, Property, STATEMENT},
    plan::Scope,
    ports::{PortError, PortResult},
};
use tokio_postgres::{Row, types::Type};

use crate::{PostgresDatabase, errors::Failure, spelling};

const DATABASE: &str = include_str!("sql/fingerprint_database.sql");
const RELATIONS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/fingerprint_relations.sql")
);
const PROGRAMS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/fingerprint_programs.sql")
);
const RIGHTS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/fingerprint_rights.sql")
);
/// The one property that is not the server's wording but somebody's text.
const BODY: &str = "body";

impl PostgresDatabase {
    /// Definitions of everything in scope, sorted. Grants to our role, to the exempt roles and to superusers are left out:
    /// those differ by side. So is what DMS makes for itself in a source (`awsdms_…`).
    pub(crate) async fn definitions(&self, scope: &Scope) -> Result<Vec<Definition>, Failure> {
        let exempt = [(&self.exempt_roles as _, Type::TEXT_ARRAY)];
        let (database, relations, programs, rights) = tokio::try_join!(
            self.query(DATABASE, &[]),
            self.query_scope(RELATIONS, scope, &[]),
            self.query_scope(PROGRAMS, scope, &[]),
            self.query_scope(RIGHTS, scope, &exempt),
        )?;
        let mut definitions = [database, relations, programs, rights]
            .iter()
            .flatten()
            .map(|row| self.definition(row))
            .collect::<PortResult<Vec<_>>>()?;
        definitions.sort();
        Ok(definitions)
    }

    /// Every statement gives class, name, the object it belongs to, and its properties: name and value in turn, those without a
    /// value left out here.
    fn definition(&self, row: &Row) -> PortResult<Definition> {
        let word: &str = self.read(row, "class")?;
        let class = ObjectClass::from_word(word)
            .ok_or_else(|| PortError::unexpected(self.what(), format!("an object of class {word:?}")))?;
        let texts: Vec<Option<&str>> = self.read(row, "properties")?;
        let properties = texts
            .chunks_exact(2)
            .filter_map(|pair| Some((pair[0]?, pair[1]?)))
            .map(|(name, value)| Property::new(name, spelled(class, name, value)))
            .collect();
        let definition = Definition::new(class, self.read(row, "name")?, properties);
        let whole: Option<String> = self.read(row, "belongs_to")?;
        Ok(match whole {
            Some(whole) => definition.part_of(whole),
            None => definition,
        })
    }
}

fn spelled(class: ObjectClass, name: &str, value: &str) -> String {
    match (class, name) {
        (ObjectClass::Function, BODY) => value.to_owned(),
        (ObjectClass::View | ObjectClass::MaterializedView, STATEMENT) => spelling::of_view(value),
        _ => spelling::of_sql(value),
    }
}
