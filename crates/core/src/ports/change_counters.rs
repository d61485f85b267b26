//! The state of a database that a certificate depends on: its identity, its position, and the writes it has
//! counted.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Catalogue, PortResult};
use crate::{catalogue::TableName, plan::Scope, position::Position};

/// The state of one database at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseState {
    pub database: String,
    /// The version of the server as one number, for example 160014.
    pub server_version_num: u32,
    /// `None` where the server does not report it.
    pub system_identifier: Option<u64>,
    /// The end of its changes; on a standby, the end of the applied changes. `None` where the server does not
    /// report it.
    pub position: Option<Position>,
    /// When the counters began, in microseconds of Unix time.
    pub counted_since_us: i64,
    /// Every table in scope that is not a partition, with its counters. `None` where the server does not
    /// count all writes.
    pub tables: BTreeMap<TableName, Option<WriteCounts>>,
}

/// A server's counters for one table, its partitions included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteCounts {
    pub inserts: u64,
    pub updates: u64,
    pub deletes: u64,
    /// The files that hold the rows, as text. They change with TRUNCATE and with a rewrite, which no counter
    /// shows.
    pub storage: String,
}

/// Reads the state of a database and changes nothing.
#[async_trait]
pub trait ChangeCounters: Catalogue {
    async fn database_state(&self, scope: &Scope) -> PortResult<DatabaseState>;
}
