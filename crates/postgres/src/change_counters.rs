//! The identity of a database, its position and its write counters.

use std::collections::BTreeMap;

use async_trait::async_trait;
use crossover_core::{
    catalogue::TableName,
    plan::Scope,
    ports::{ChangeCounters, DatabaseState, PortError, PortResult, WriteCounts},
};
use tokio_postgres::{Row, error::SqlState};

use crate::PostgresDatabase;

const DATABASE_STATE: &str = include_str!("sql/database_state.sql");
const WRITTEN: &str = concat!(include_str!("sql/scope.sql"), include_str!("sql/written.sql"));
/// Attempts to read counters between two resets of the statistics.
const READINGS: usize = 5;
const SYSTEM_IDENTIFIER: &str = "select s.system_identifier from pg_control_system() s";
const POSITION: &str = "select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end::text as position";

/// Identifies a running server by its start time: a server and its copy do not start in the same microsecond.
const RUNNING: &str =
    "select extract(epoch from pg_postmaster_start_time())::text || ' ' || current_database() as running";

impl PostgresDatabase {
    /// Whether both connections lead to the same database, whatever their addresses.
    ///
    /// # Errors
    /// `Unreachable` when a server does not answer.
    pub async fn is_same_as(&self, other: &Self) -> PortResult<bool> {
        let running = async |database: &Self| {
            let rows = database.query(RUNNING, &[]).await?;
            let row = rows
                .first()
                .ok_or_else(|| PortError::unexpected(database.what(), "no start time of the server"))?;
            database.read::<String>(row, "running")
        };
        let (ours, theirs) = futures::try_join!(running(self), running(other))?;
        Ok(ours == theirs)
    }

    /// The row of a query that some servers do not permit this role; `None` without the permission.
    async fn if_permitted(&self, sql: &str) -> PortResult<Option<Row>> {
        let not_permitted = [
            SqlState::INSUFFICIENT_PRIVILEGE,
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::UNDEFINED_FUNCTION,
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
        ];
        match self.query(sql, &[]).await {
            Ok(rows) => Ok(rows.into_iter().next()),
            Err(failure) if not_permitted.iter().any(|code| failure.is(code)) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// The server's unique system identifier; `None` without the permission to read it.
    pub(crate) async fn system_identifier(&self) -> PortResult<Option<u64>> {
        let Some(row) = self.if_permitted(SYSTEM_IDENTIFIER).await? else {
            return Ok(None);
        };
        let identifier: Option<i64> = self.read(&row, "system_identifier")?;
        Ok(identifier.map(i64::cast_unsigned))
    }

    /// The database's facts and the counters of its tables. The time from which the counters count is read
    /// before and after the counters: when it differs (after a reset, or up to version 14 after the first
    /// writes to a new database), both are read again.
    async fn facts_and_counters(&self, scope: &Scope) -> PortResult<(Row, Vec<Row>)> {
        let mut facts = self.facts().await?;
        let session = self.catalogue_session().await?;
        for _ in 0..READINGS {
            let tables = session.query_scope(WRITTEN, scope, &[]).await?;
            let since: i64 = self.read(&facts, "counted_since_us")?;
            facts = self.facts().await?;
            if self.read::<i64>(&facts, "counted_since_us")? == since {
                return Ok((facts, tables));
            }
        }
        Err(PortError::unexpected(
            self.what(),
            "the statistics were reset during every attempt to read the counters",
        ))
    }

    async fn facts(&self) -> PortResult<Row> {
        let rows = self.query(DATABASE_STATE, &[]).await?;
        rows.into_iter()
            .next()
            .ok_or_else(|| PortError::unexpected(self.what(), "no facts about the database"))
    }

    fn written(&self, row: &Row) -> PortResult<(TableName, Option<WriteCounts>)> {
        let table = TableName {
            schema: self.read(row, "schema")?,
            name: self.read(row, "name")?,
        };
        let counter = |column| Ok::<_, PortError>(self.read::<i64>(row, column)?.unsigned_abs());
        let written = WriteCounts {
            inserts: counter("inserts")?,
            updates: counter("updates")?,
            deletes: counter("deletes")?,
            storage: self.read(row, "storage")?,
        };
        Ok((table, self.read::<bool>(row, "counted")?.then_some(written)))
    }
}

#[async_trait]
impl ChangeCounters for PostgresDatabase {
    async fn database_state(&self, scope: &Scope) -> PortResult<DatabaseState> {
        let (facts, tables) = self.facts_and_counters(scope).await?;
        let position: Option<String> = match self.if_permitted(POSITION).await? {
            Some(row) => self.read(&row, "position")?,
            None => None,
        };
        Ok(DatabaseState {
            database: self.read(&facts, "database")?,
            server_version_num: self.count(&facts, "version_num")?,
            system_identifier: self.system_identifier().await?,
            position: position.map(|text| self.lsn(&text)).transpose()?.map(Into::into),
            counted_since_us: self.read(&facts, "counted_since_us")?,
            tables: tables
                .iter()
                .map(|row| self.written(row))
                .collect::<PortResult<BTreeMap<_, _>>>()?,
        })
    }
}
