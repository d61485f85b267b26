//! Crossover's own tables: the catch-up markers, which the change streams carry, and the access snapshot, which
//! stays where it was written. `crossover prepare` creates them; the pre-check PG38 judges them by the same rule.

mod judgement;

use std::fmt::Write as _;

use crossover_core::{
    catalogue::Shortfall,
    ports::{PortError, PortResult, Refusal},
};
use tokio_postgres::types::Type;

use self::judgement::{OwnTable, OwnTables, RoleRights};
use crate::{PostgresDatabase, access::OWN_TABLE, errors::Failure, quoting::idents};

const MARKER: &str = include_str!("sql/prepare_marker.sql");
const TABLES: &str = include_str!("sql/own_tables.sql");
const RIGHTS: &str = include_str!("sql/own_tables_rights.sql");
const MAY_CREATE: &str = "select coalesce( \
    (select has_schema_privilege(n.oid, 'CREATE') from pg_namespace n where n.nspname = 'crossover'), \
    has_database_privilege(current_database(), 'CREATE')) as may_create";

impl PostgresDatabase {
    /// The statements that create Crossover's schema and tables where they are missing, with the rights of the
    /// replication users. They may run again, and they run in one transaction.
    ///
    /// # Errors
    /// The exempt roles cannot be read.
    pub async fn preparation(&self) -> PortResult<String> {
        let mut sql = format!("{OWN_TABLE}{MARKER}");
        let carriers = self.existing_roles(&self.exempt_roles).await?;
        if !carriers.is_empty() {
            let carriers = idents(carriers.iter().map(String::as_str));
            // Create: DMS has its heartbeat table in the same schema.
            let _ = write!(
                sql,
                "grant usage, create on schema crossover to {carriers};\n\
                 grant select, insert, update, delete on crossover.catch_up_marker to {carriers};\n"
            );
        }
        Ok(sql)
    }

    pub(crate) async fn prepare_own_tables(&self) -> PortResult<()> {
        let sql = self.preparation().await?;
        self.make_missing(&sql).await.map_err(|f| self.not_prepared(f))
    }

    pub(crate) async fn judged_own_tables(&self) -> PortResult<Vec<Shortfall>> {
        let exempt = [(&self.exempt_roles as _, Type::TEXT_ARRAY)];
        let (tables, rights, may_create) = tokio::try_join!(
            self.query(TABLES, &[]),
            self.query(RIGHTS, &exempt),
            self.query(MAY_CREATE, &[])
        )?;
        let may_create = may_create
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no right to create tables"))?;
        let tables = tables.iter().map(|row| {
            Ok(OwnTable {
                name: self.read(row, "name")?,
                owner: self.read(row, "owner")?,
                owned: self.read(row, "owned")?,
                plain: self.read(row, "plain")?,
                logged: self.read(row, "logged")?,
                columns: self.read(row, "columns")?,
                primary_key: self.read(row, "primary_key")?,
            })
        });
        let rights = rights.iter().map(|row| {
            Ok(RoleRights {
                role: self.read(row, "role")?,
                own: self.read(row, "own")?,
                reads_changes: self.read(row, "reads_changes")?,
                lacks: self.read(row, "lacks")?,
            })
        });
        let facts = OwnTables {
            tables: tables.collect::<PortResult<_>>()?,
            rights: rights.collect::<PortResult<_>>()?,
            may_create: self.read(may_create, "may_create")?,
            own_role: self.own_role.clone(),
        };
        Ok(facts.shortfalls())
    }

    /// Without the right to create or grant, the server's words alone do not tell what to do.
    fn not_prepared(&self, failure: Failure) -> PortError {
        match failure.port {
            PortError::Refused {
                what,
                reason,
                about: about @ Refusal::NoRight,
            } => {
                let own = idents([self.own_role.as_str()]);
                let remedy = format!(
                    "as the owner of the database or a superuser: grant create on database ... to {own}, and where the schema \
                     crossover exists: alter schema crossover owner to {own}"
                );
                PortError::refused_about(what, format!("{reason}; {remedy}"), about)
            }
            other => other,
        }
    }
}
