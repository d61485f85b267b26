//! The session for statements over every relation of a scope.
//!
//! Such a statement must not take longer for each table the more tables there are. Two rules ensure it: what
//! belongs to a table is gathered for all tables at once and joined, never looked up for one table at a time; and
//! the session has no nested loops. A nested loop is right only where the planner knows how few rows it repeats,
//! and after a restore it does not know: nothing has analysed the catalogue yet. With 4,000 tables such a plan
//! took 18 s instead of 0.1 s.

use std::time::Duration;

use crossover_core::{
    plan::Scope,
    ports::{PortError, Refusal},
};
use tokio_postgres::{Row, error::SqlState};

use crate::{
    PostgresDatabase,
    connection::{LOCK, STATEMENT, ScopeParams},
    errors::Failure,
    kept::Param,
    reader::Reader,
};

/// A loop that the text of a statement demands (LATERAL) is still made.
const NO_LOOPS: &str = "set enable_nestloop = off";

/// Partitions, indexes, sequences and TOAST tables count too: each has its row in several catalogues.
const RELATIONS: &str = "select count(*) as relations from pg_class";

/// Added to the limit for each relation; a slow server needs a twentieth of it.
const FOR_EACH_RELATION: Duration = Duration::from_millis(4);

/// A reader with settings of its own, which it loses when this is dropped.
pub struct CatalogueSession<'a> {
    database: &'a PostgresDatabase,
    client: Option<Reader>,
    limit: Duration,
}

impl Drop for CatalogueSession<'_> {
    fn drop(&mut self) {
        if let Some(reader) = self.client.take() {
            reader.tidy_up();
        }
    }
}

impl PostgresDatabase {
    /// Sets the time limit of a statement over a whole scope. Without it the limit follows the number of relations.
    #[must_use]
    pub const fn with_catalogue_limit(mut self, limit: Duration) -> Self {
        self.catalogue_limit = Some(limit);
        self
    }

    /// Opens a session for statements over a scope.
    pub(crate) async fn catalogue_session(&self) -> Result<CatalogueSession<'_>, Failure> {
        let given = self.catalogue_limit;
        let mut session = CatalogueSession {
            database: self,
            client: Some(self.reader().await?),
            limit: given.unwrap_or(STATEMENT),
        };
        let limits = format!(
            "{NO_LOOPS}; set lock_timeout = {}; set statement_timeout = {}",
            LOCK.as_millis(),
            session.limit.as_millis()
        );
        self.bounded(STATEMENT, session.reader()?.batch_execute(&limits))
            .await?;
        if given.is_none() {
            session.allow_for_relations().await?;
        }
        Ok(session)
    }
}

impl CatalogueSession<'_> {
    fn reader(&self) -> Result<&Reader, PortError> {
        let reader = self.client.as_ref();
        reader.ok_or_else(|| PortError::unexpected(self.database.what(), "no session"))
    }

    async fn allow_for_relations(&mut self) -> Result<(), Failure> {
        let rows = self.query(RELATIONS, &[]).await?;
        let relations = match rows.first() {
            Some(row) => self.database.count(row, "relations")?,
            None => 0,
        };
        self.limit = limit_for(relations);
        let set = format!("set statement_timeout = {}", self.limit.as_millis());
        self.database
            .bounded(STATEMENT, self.reader()?.batch_execute(&set))
            .await
    }

    /// Runs a statement over a scope: its first three parameters are the scope, `more` follow.
    pub(crate) async fn query_scope(
        &self,
        sql: &str,
        scope: &Scope,
        more: &[Param<'_>],
    ) -> Result<Vec<Row>, Failure> {
        self.query(sql, &ScopeParams::new(scope).and(more)).await
    }

    /// Runs a statement. One at a time: the limit of the next one would begin with this one.
    pub(crate) async fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
        let work = self.reader()?.query_typed(sql, params);
        let answer = Box::pin(self.database.bounded(self.limit, work)).await;
        answer.map_err(|failure| self.with_limit(failure))
    }

    /// The server's message names neither what took long nor the limit.
    fn with_limit(&self, failure: Failure) -> Failure {
        match failure.port {
            PortError::Refused { what, reason, about } if failure.code == Some(SqlState::QUERY_CANCELED) => {
                let limit = self.limit.as_secs();
                let reason = format!(
                    "{reason}; a statement that reads the catalogue may take {limit} s in this database"
                );
                debug_assert_eq!(about, Refusal::Stopped);
                Failure {
                    port: PortError::refused_about(what, reason, about),
                    ..failure
                }
            }
            port => Failure { port, ..failure },
        }
    }
}

fn limit_for(relations: u32) -> Duration {
    STATEMENT + FOR_EACH_RELATION * relations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_follows_the_number_of_relations() {
        assert_eq!(limit_for(0), STATEMENT);
        // 10,000 tables with two indexes, a sequence, a TOAST table and its index
        assert_eq!(limit_for(60_000), STATEMENT + Duration::from_mins(4));
    }
}
