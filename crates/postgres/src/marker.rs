//! Catch-up markers: unique markers that travel through the change stream.
//!
//! The table has a primary key, no type that CDC treats as a large object, and no default that a replica
//! would compute itself.

use async_trait::async_trait;
use crossover_core::{
    Position,
    ports::{CatchUpMarkers, PortError, PortResult},
};
use tokio_postgres::{error::SqlState, types::Type};

use crate::{PostgresDatabase, errors::Failure, lsn::Lsn};

pub(crate) const RAISE: &str = include_str!("sql/write_marker.sql");
pub(crate) const COUNT: &str =
    "select count(*) as rows from crossover.catch_up_marker f where f.run_id = $1 and f.nonce = $2";

#[async_trait]
impl CatchUpMarkers for PostgresDatabase {
    async fn prepare_marker(&self) -> PortResult<()> {
        self.prepare_own_tables().await
    }

    async fn write_marker(&self, run_id: &str, nonce: &str) -> PortResult<Position> {
        let params = [(&run_id as _, Type::TEXT), (&nonce as _, Type::TEXT)];
        let mut rows = self
            .query_prepared(RAISE, &params)
            .await
            .map_err(|f| self.marker_missing(f))?;
        if rows.is_empty() {
            // Another session wrote the same marker at the same time; a second query finds it.
            rows = self.query_prepared(RAISE, &params).await?;
        }
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "the catch-up marker row was not written"))?;
        let position: String = self.read(row, "position")?;
        Ok(self.lsn(&position)?.into())
    }

    async fn count_markers(&self, run_id: &str, nonce: &str) -> PortResult<u32> {
        let params = [(&run_id as _, Type::TEXT), (&nonce as _, Type::TEXT)];
        let rows = self
            .query_prepared(COUNT, &params)
            .await
            .map_err(|f| self.marker_missing(f))?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no count of marker rows"))?;
        self.count(row, "rows")
    }

    async fn clear_markers(&self) -> PortResult<()> {
        match self.query("delete from crossover.catch_up_marker", &[]).await {
            Err(failure) if failure.is(&SqlState::UNDEFINED_TABLE) => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }
}

impl PostgresDatabase {
    pub(crate) fn marker_missing(&self, failure: Failure) -> PortError {
        if failure.is(&SqlState::UNDEFINED_TABLE) {
            return PortError::missing(format!("table crossover.catch_up_marker in {}", self.what()));
        }
        failure.into()
    }

    /// The roles of this server among `names`, sorted.
    pub(crate) async fn existing_roles(&self, names: &[String]) -> PortResult<Vec<String>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let sql =
            "select r.rolname::text as role from pg_roles r where r.rolname::text = any ($1) order by 1";
        let rows = self.query(sql, &[(&names, Type::TEXT_ARRAY)]).await?;
        rows.iter().map(|row| self.read(row, "role")).collect()
    }

    /// The current end of the write-ahead log, as SQL text.
    pub(crate) fn lsn(&self, text: &str) -> PortResult<Lsn> {
        text.parse().map_err(|e| PortError::unexpected(self.what(), e))
    }
}
