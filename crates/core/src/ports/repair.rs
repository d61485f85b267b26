//! Writing rows of the target, one by one, each only as long as it still is what was seen.

use async_trait::async_trait;

use super::PortResult;
use crate::{
    plan::Scope,
    rows::{RowChange, RowKey, RowValues, TableWriting, WritableTable},
};

/// What became of one row in an open transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    Done,
    /// The row is not what was seen; nothing was changed.
    NotAsSeen,
    /// The server said no, or made another row of it than was asked for; nothing was changed.
    Failed(String),
}

/// Leave to write rows. Its sessions are its own; nothing that only reads uses them.
#[async_trait]
pub trait Repair: Send + Sync {
    /// Tables in scope that are no partitions, sorted by name, as far as writing has to know them.
    async fn writing(&self, scope: &Scope) -> PortResult<Vec<TableWriting>>;
    /// The role may keep triggers and foreign keys silent (`session_replication_role`).
    async fn may_be_silent(&self) -> PortResult<bool>;
    /// What a file of statements begins with, so that they mean the same wherever they run.
    fn settings(&self) -> String;
    /// How each of its transactions begins.
    fn opening(&self, silent: bool) -> String;
    /// The statement that makes the change if the row still is as it was before, without its semicolon.
    fn statement(&self, table: &WritableTable, change: &RowChange) -> String;
    /// Begins a transaction; with `silent` triggers and foreign keys do not fire in it. Dropped, it is rolled back.
    async fn begin(&self, table: &WritableTable, silent: bool)
    -> PortResult<Box<dyn RepairTransaction + '_>>;
    /// Ends the sessions that wrote; then the server's statistics have their writes, which a certificate would take for somebody else's.
    async fn done(&self) -> PortResult<()>;
}

/// One small transaction on one table.
#[async_trait]
pub trait RepairTransaction: Send {
    /// Locks the rows with these keys and returns them as they are now; with `whole` first the table against all other writers.
    /// None: somebody else holds a lock; the transaction is over.
    async fn lock(&mut self, keys: &[RowKey], whole: bool) -> PortResult<Option<Vec<RowValues>>>;
    /// Makes one change. What fails leaves the rows before it as they are.
    async fn change(&mut self, change: &RowChange) -> PortResult<RowOutcome>;
    async fn commit(self: Box<Self>) -> PortResult<()>;
    async fn rollback(self: Box<Self>) -> PortResult<()>;
}
