//! Changes of rows, read from a retained position. This port changes no row and does not advance the
//! position: [`super::RetainedPositions`] does so once the changes that were read are stored safely.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::PortResult;
use crate::{catalogue::TableName, position::Position, rows::RowKey};

/// A table whose changes are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub table: TableName,
    /// The columns of the key; empty where there is no key, and changes then name only the table.
    pub key: Vec<String>,
}

/// A relation that holds rows of a followed table: the table itself, or one of its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub table: TableName,
    pub key: Vec<String>,
    /// The change log holds the old key whenever a key changes or its row is deleted.
    pub tells_old_key: bool,
}

/// Every relation of a database; `None` for those that belong to no followed table.
pub type Relations = BTreeMap<TableName, Option<Relation>>;

/// A row after a change. Values that the change log leaves out (unchanged, stored out of line) are missing.
pub type Written = BTreeMap<String, Option<String>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The row with this key was written or deleted.
    Row {
        table: TableName,
        key: RowKey,
        /// For watched rows only: the row as written; the inner `None` for a deleted row.
        written: Option<Option<Written>>,
    },
    /// Rows changed whose keys are unknown: TRUNCATE, or a change without a key.
    Table { table: TableName },
}

/// Rows whose changes are returned with their values.
pub type Watched = BTreeMap<TableName, BTreeSet<RowKey>>;

/// How far one read of the changes came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollOutcome {
    /// Every change before this position was returned, so the retained position may be advanced to it. `None`
    /// without new changes.
    pub upto: Option<Position>,
    /// Every change committed before the read began was returned.
    pub complete: bool,
    /// Relations missing in the given list: created or dropped since the list was made.
    pub unknown: BTreeSet<TableName>,
}

/// A retained position as the server reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedState {
    pub position: Position,
    /// Bytes of the change log that the server keeps for it.
    pub retained_bytes: u64,
    /// The engine's own message where the server no longer keeps the changes, so that they can never be read
    /// again.
    pub lost: Option<String>,
}

/// Reads changes. Every method can be repeated.
#[async_trait]
pub trait Changes: Send + Sync {
    /// An identifier that no other database has and that survives a restart of the server.
    async fn identity(&self) -> PortResult<String>;
    /// Reserves the retained position for this process until the process ends. Of two readers of one
    /// position, each would miss the changes that the other has read.
    ///
    /// # Errors
    /// `Refused` while another process has reserved the position.
    async fn claim(&self, name: &str) -> PortResult<()>;
    /// All relations as they are now, with their followed tables.
    async fn relations(&self, followed: &[Followed]) -> PortResult<Relations>;
    /// The retained position; `None` if this database has none of that name.
    async fn retained_state(&self, name: &str) -> PortResult<Option<RetainedState>>;
    /// Passes the changes since the retained position to `take`, in the order of their commits. Stops at the
    /// end of the transaction that reaches `limit` changes; transactions are never split. Until the position
    /// is advanced, each call returns the same changes.
    async fn changes(
        &self,
        name: &str,
        relations: &Relations,
        watched: &Watched,
        limit: u32,
        take: &mut (dyn FnMut(Change) + Send),
    ) -> PortResult<PollOutcome>;
}
