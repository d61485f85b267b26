//! What a finding about a database depends on: which one it is, where it stands, and what has been written to it.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Catalogue, PortResult};
use crate::{catalogue::TableName, lsn::Lsn, plan::Scope};

/// One database at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseState {
    pub database: String,
    /// `server_version_num`, for example 160014.
    pub server_version_num: u32,
    /// None where the server does not tell.
    pub system_identifier: Option<u64>,
    /// The end of the write-ahead log; on a standby, of what it has applied. None where the server does not tell.
    pub position: Option<Lsn>,
    /// Since when writes are counted, in microseconds of Unix time.
    pub counted_since_us: i64,
    /// Every table in scope that is no partition, and what was written to it; none: nobody counts all of it.
    pub tables: BTreeMap<TableName, Option<WriteCounts>>,
}

/// What a server has counted at one table, its partitions included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteCounts {
    pub inserts: u64,
    pub updates: u64,
    pub deletes: u64,
    /// The files the rows are in, as text: others after TRUNCATE or a rewrite, which no counter shows.
    pub storage: String,
}

/// Reading the circumstances of a database. Nothing here changes anything.
#[async_trait]
pub trait ChangeCounters: Catalogue {
    async fn database_state(&self, scope: &Scope) -> PortResult<DatabaseState>;
}
