//! Writes rows of the target one by one, each only if it still has the values that the comparison read.

use async_trait::async_trait;

use super::PortResult;
use crate::{
    plan::Scope,
    rows::{RowChange, RowKey, RowValues, TableWriting, WritableTable},
};

/// The outcome of one row in an open transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    Done,
    /// The row no longer has the values that the comparison read; nothing was changed.
    NotAsSeen,
    /// The server refused the change, or would have stored other values; nothing was changed.
    Failed(String),
}

/// Permission to write rows. Reads never use the sessions of this port.
#[async_trait]
pub trait Repair: Send + Sync {
    /// Tables in scope that are not partitions, sorted by name, with the facts that writing needs.
    async fn writing(&self, scope: &Scope) -> PortResult<Vec<TableWriting>>;
    /// Whether the role may disable triggers and foreign keys for a session (`session_replication_role`).
    async fn may_be_silent(&self) -> PortResult<bool>;
    /// The settings at the beginning of a file of statements, so that the statements have the same meaning in
    /// every session.
    fn settings(&self) -> String;
    /// The statements that begin each transaction of such a file.
    fn opening(&self, silent: bool) -> String;
    /// The statement that makes the change if the row still has its values from before, without the
    /// semicolon.
    fn statement(&self, table: &WritableTable, change: &RowChange) -> String;
    /// Begins a transaction. With `silent`, triggers and foreign keys do not fire in it. A dropped
    /// transaction is rolled back.
    async fn begin(&self, table: &WritableTable, silent: bool)
    -> PortResult<Box<dyn RepairTransaction + '_>>;
    /// Ends the sessions that wrote. The server's counters then include these writes, which a certificate
    /// would otherwise count as writes of another session.
    async fn done(&self) -> PortResult<()>;
}

/// One small transaction on one table.
#[async_trait]
pub trait RepairTransaction: Send {
    /// Locks the rows with these keys and returns their current values; with `whole`, first locks the table
    /// against all other writers. `None` where another session holds a lock; the transaction has then ended.
    async fn lock(&mut self, keys: &[RowKey], whole: bool) -> PortResult<Option<Vec<RowValues>>>;
    /// Makes one change. A failed change keeps the earlier changes of the transaction.
    async fn change(&mut self, change: &RowChange) -> PortResult<RowOutcome>;
    async fn commit(self: Box<Self>) -> PortResult<()>;
    async fn rollback(self: Box<Self>) -> PortResult<()>;
}
