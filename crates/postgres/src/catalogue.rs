//! Facts read from the catalogue.

use async_trait::async_trait;
use crossover_core::{
    Millis, Position,
    catalogue::{
        Definition, FiringTrigger, MissingIdentity, OpenTransaction, PreparedTransaction, ReplicaIdentity,
        RoleFacts, SequenceFacts, ServerFacts, ServerLoad, Shortfall, TableFacts, TableName, TableStatistics,
    },
    plan::Scope,
    ports::{Catalogue, PortError, PortResult},
    schema::Unjudged,
};
use tokio_postgres::{Row, types::Type};

use crate::{PostgresDatabase, definition::readable, errors::Failure, server::ServerFigures};

const LOAD: &str = include_str!("sql/load.sql");
const SERVER: &str = include_str!("sql/server.sql");
const TABLES: &str = concat!(include_str!("sql/scope.sql"), include_str!("sql/tables.sql"));
const ROLES: &str = concat!(include_str!("sql/scope.sql"), include_str!("sql/roles.sql"));
const PREPARED: &str = include_str!("sql/prepared.sql");
const STATISTICS: &str = concat!(include_str!("sql/scope.sql"), include_str!("sql/statistics.sql"));
const OPEN_TRANSACTIONS: &str = include_str!("sql/open_transactions.sql");

/// A role, with the facts that the lock needs.
#[derive(Debug)]
pub struct JudgedRole {
    pub facts: RoleFacts,
    /// Crossover's role may change LOGIN of this role.
    pub alterable: bool,
}

impl PostgresDatabase {
    /// Reads a column.
    ///
    /// # Errors
    /// `Unexpected` for a value of another type; there is no default.
    pub(crate) fn read<'r, T: tokio_postgres::types::FromSql<'r>>(
        &self,
        row: &'r Row,
        column: &str,
    ) -> PortResult<T> {
        row.try_get(column)
            .map_err(|e| PortError::unexpected(self.what(), e))
    }

    /// Reads a count.
    ///
    /// # Errors
    /// `Unexpected` for a negative number.
    pub(crate) fn count(&self, row: &Row, column: &str) -> PortResult<u32> {
        let count: i64 = self.read(row, column)?;
        u32::try_from(count).map_err(|_| PortError::unexpected(self.what(), format!("{column} is {count}")))
    }

    fn identity(&self, row: &Row) -> PortResult<ReplicaIdentity> {
        let identity: &str = self.read(row, "identity")?;
        Ok(match identity {
            "key" => ReplicaIdentity::Key,
            "full row" => ReplicaIdentity::FullRow,
            "nothing" => ReplicaIdentity::Missing(MissingIdentity::Nothing),
            "index is gone" => ReplicaIdentity::Missing(MissingIdentity::IndexIsGone),
            "deferrable" => ReplicaIdentity::Missing(MissingIdentity::DeferrablePrimaryKey),
            "no key" => ReplicaIdentity::Missing(MissingIdentity::NoPrimaryKey),
            other => {
                return Err(PortError::unexpected(
                    self.what(),
                    format!("replica identity {other}"),
                ));
            }
        })
    }

    fn firing_triggers(&self, row: &Row) -> PortResult<Vec<FiringTrigger>> {
        let names: Vec<String> = self.read(row, "trigger_names")?;
        let always: Vec<bool> = self.read(row, "triggers_always")?;
        let triggers = names.into_iter().zip(always);
        Ok(triggers
            .map(|(name, always)| FiringTrigger { name, always })
            .collect())
    }

    /// Roles that may write a table in scope, except Crossover's own and the exempt roles, and in any case
    /// the roles in `also`.
    pub(crate) async fn judged_roles(&self, scope: &Scope, also: &[String]) -> PortResult<Vec<JudgedRole>> {
        let more = [
            (&self.exempt_roles as _, Type::TEXT_ARRAY),
            (&also as _, Type::TEXT_ARRAY),
        ];
        let rows = self.query_scope_prepared(ROLES, scope, &more).await?;
        rows.iter()
            .map(|row| {
                Ok(JudgedRole {
                    facts: RoleFacts {
                        role: self.read(row, "role")?,
                        can_login: self.read(row, "can_login")?,
                        superuser: self.read(row, "superuser")?,
                        writes: self.read(row, "writes")?,
                        because: readable(self.read(row, "because")?),
                        sessions: self.count(row, "sessions")?,
                    },
                    alterable: self.read(row, "alterable")?,
                })
            })
            .collect()
    }
}

#[async_trait]
impl Catalogue for PostgresDatabase {
    async fn server(&self) -> PortResult<ServerFacts> {
        let rows = self.query(SERVER, &[]).await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no server facts"))?;
        let figures = ServerFigures {
            wal_level: self.read(row, "wal_level")?,
            slots: (
                self.count(row, "used_replication_slots")?,
                self.count(row, "max_replication_slots")?,
            ),
            senders: (
                self.count(row, "used_wal_senders")?,
                self.count(row, "max_wal_senders")?,
            ),
            in_recovery: self.read(row, "in_recovery")?,
        };
        Ok(figures.judged(self.count(row, "version_num")?))
    }

    async fn load(&self) -> PortResult<ServerLoad> {
        let rows = self.query(LOAD, &[]).await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no figures of its load"))?;
        Ok(ServerLoad {
            sessions: self.count(row, "sessions")?,
            most_sessions: self.count(row, "most_sessions")?,
        })
    }

    async fn tables(&self, scope: &Scope) -> PortResult<Vec<TableFacts>> {
        let rows = self
            .catalogue_session()
            .await?
            .query_scope(TABLES, scope, &[])
            .await?;
        rows.iter()
            .map(|row| {
                let parent: (Option<String>, Option<String>) =
                    (self.read(row, "parent_schema")?, self.read(row, "parent_name")?);
                let parent = parent
                    .0
                    .zip(parent.1)
                    .map(|(schema, name)| TableName { schema, name });
                let is_partition: bool = self.read(row, "is_partition")?;
                Ok(TableFacts {
                    table: TableName {
                        schema: self.read(row, "schema")?,
                        name: self.read(row, "name")?,
                    },
                    partitioned: self.read(row, "partitioned")?,
                    partition_of: parent.clone().filter(|_| is_partition),
                    child_of: parent.filter(|_| !is_partition),
                    unlogged: self.read(row, "unlogged")?,
                    primary_key: self.read(row, "primary_key")?,
                    identity: self.identity(row)?,
                    unique_index: self.read(row, "unique_index")?,
                    rows_hidden: self.read(row, "rows_hidden")?,
                    firing_triggers: self.firing_triggers(row)?,
                })
            })
            .collect()
    }

    async fn roles(&self, scope: &Scope, also: &[String]) -> PortResult<Vec<RoleFacts>> {
        Ok(self
            .judged_roles(scope, also)
            .await?
            .into_iter()
            .map(|role| role.facts)
            .collect())
    }

    async fn prepared_transactions(&self) -> PortResult<Vec<PreparedTransaction>> {
        let rows = self.query(PREPARED, &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(PreparedTransaction {
                    gid: self.read(row, "gid")?,
                    owner: self.read(row, "owner")?,
                    age_ms: Millis(self.read::<i64>(row, "age_ms")?.unsigned_abs()),
                })
            })
            .collect()
    }

    async fn open_transactions(&self, min_age_ms: Millis) -> PortResult<Vec<OpenTransaction>> {
        let least = i64::try_from(min_age_ms.0).unwrap_or(i64::MAX);
        let rows = self.query(OPEN_TRANSACTIONS, &[(&least, Type::INT8)]).await?;
        let hidden = rows
            .iter()
            .map(|row| self.hidden_role(row))
            .collect::<PortResult<Vec<_>>>()?;
        self.refuse_hidden(hidden.into_iter().flatten())?;
        rows.iter()
            .map(|row| {
                Ok(OpenTransaction {
                    pid: self.read(row, "pid")?,
                    role: self.read(row, "role")?,
                    age_ms: Millis(self.read::<i64>(row, "age_ms")?.unsigned_abs()),
                })
            })
            .collect()
    }

    async fn fingerprint(&self, scope: &Scope) -> PortResult<Vec<Definition>> {
        self.definitions(scope).await.map_err(Failure::into)
    }

    async fn not_compared(&self, scope: &Scope) -> PortResult<Vec<Unjudged>> {
        self.unjudged(scope).await.map_err(Failure::into)
    }

    async fn sequences(&self, scope: &Scope) -> PortResult<Vec<SequenceFacts>> {
        self.sequences_in(scope).await
    }

    async fn own_tables(&self) -> PortResult<Vec<Shortfall>> {
        self.judged_own_tables().await
    }

    async fn statistics(&self, scope: &Scope) -> PortResult<Vec<TableStatistics>> {
        let rows = self
            .catalogue_session()
            .await?
            .query_scope(STATISTICS, scope, &[])
            .await?;
        // Counters are never negative; an age can be, after the clock was set back, and must not be an error.
        let unsigned = |figure: i64| u64::try_from(figure).unwrap_or(0);
        rows.iter()
            .map(|row| {
                Ok(TableStatistics {
                    table: TableName {
                        schema: self.read(row, "schema")?,
                        name: self.read(row, "name")?,
                    },
                    live_rows: unsigned(self.read(row, "live_rows")?),
                    planned_rows: self.read::<Option<i64>>(row, "planned_rows")?.map(unsigned),
                    analysed_ago_ms: self
                        .read::<Option<i64>>(row, "analysed_ago_ms")?
                        .map(|ms| Millis(unsigned(ms))),
                    has_column_statistics: self.read(row, "has_column_statistics")?,
                    changed_since: unsigned(self.read(row, "changed_since")?),
                })
            })
            .collect()
    }

    async fn current_position(&self) -> PortResult<Position> {
        let rows = self
            .query("select pg_current_wal_insert_lsn()::text as lsn", &[])
            .await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no position"))?;
        Ok(self.lsn(self.read(row, "lsn")?)?.into())
    }
}
