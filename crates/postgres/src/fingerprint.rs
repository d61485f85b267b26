//! The schema in scope, object by object, in a form that is equal on both sides and across server versions.

use crossover_core::{catalogue::Definition, plan::Scope, ports::PortError};
use tokio_postgres::types::Type;

use crate::{PostgresDatabase, errors::Failure};

const RELATIONS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/fingerprint_relations.sql")
);
const PROGRAMS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/fingerprint_programs.sql")
);
const GRANTS: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/fingerprint_grants.sql")
);

impl PostgresDatabase {
    /// Definitions of everything in scope, sorted. Grants to our role, to the spared roles and to superusers are left out:
    /// those differ by side.
    pub(crate) async fn definitions(&self, scope: &Scope) -> Result<Vec<Definition>, Failure> {
        let spared = [(&self.spared_roles as _, Type::TEXT_ARRAY)];
        let (relations, programs, grants) = tokio::try_join!(
            self.query_scope(RELATIONS, scope, &[]),
            self.query_scope(PROGRAMS, scope, &[]),
            self.query_scope(GRANTS, scope, &spared),
        )?;
        let mut definitions = [relations, programs, grants]
            .iter()
            .flatten()
            .map(|row| {
                Ok(Definition {
                    object: self.read(row, "object")?,
                    definition: self.read(row, "definition")?,
                })
            })
            .collect::<Result<Vec<_>, PortError>>()?;
        definitions.sort();
        Ok(definitions)
    }
}
