//! Which rows a database has changed, read from a logical slot of its own. Nothing here changes any row, and nothing moves the
//! slot: that is [`super::Slots`]' part, once what was read is safe.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::PortResult;
use crate::{catalogue::TableName, lsn::Lsn, rows::RowKey};

/// The output plugin the slot has to have: it is part of every PostgreSQL, needs no publication, and is what DMS reads, too.
pub const CHANGES_PLUGIN: &str = "test_decoding";

/// A table whose changes are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub table: TableName,
    /// The columns rows are told apart by; empty where there is no key, and only the table is known to have changed.
    pub key: Vec<String>,
}

/// A relation that holds rows of a followed table: the table itself, or a partition of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub table: TableName,
    pub key: Vec<String>,
    /// The server writes the old key down whenever it changes or its row goes: the key belongs to the replica identity.
    pub tells_old_key: bool,
}

/// Every relation of a database; those without a followed table have none.
pub type Relations = BTreeMap<TableName, Option<Relation>>;

/// A row as a change left it. Values that were not written again (large ones, out of line) are left out.
pub type Written = BTreeMap<String, Option<String>>;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The row with this key was written or removed.
    Row {
        table: TableName,
        key: RowKey,
        /// Only of watched rows: what was written; none when the row was removed.
        written: Option<Option<Written>>,
    },
    /// Rows changed and their keys are not known: TRUNCATE, or a change that does not show its key.
    Table { table: TableName },
}

/// Rows whose values are wanted with their changes.
pub type Watched = BTreeMap<TableName, BTreeSet<RowKey>>;

/// How far the reading got.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollOutcome {
    /// Every change before this was handed over: the slot may be advanced to it. None when nothing is new.
    pub upto: Option<Lsn>,
    /// Every change committed before the reading began was handed over.
    pub complete: bool,
    /// Relations that are not among those given: they are new, or gone.
    pub unknown: BTreeSet<TableName>,
}

/// A slot as the server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotState {
    pub confirmed: Lsn,
    /// Bytes of the write-ahead log that the server keeps for it.
    pub retained: u64,
    /// The server has given up keeping what it needs: it can never be read again.
    pub lost: bool,
}

/// Reading changes. Every method can be repeated.
#[async_trait]
pub trait Changes: Send + Sync {
    /// What tells this database from all others: it stays when the server is restarted.
    async fn identity(&self) -> PortResult<String>;
    /// Has the slot to oneself from now on, until this process ends: two that read from one slot would each miss what the other took.
    ///
    /// # Errors
    /// `Refused` while somebody else has it.
    async fn claim(&self, slot: &str) -> PortResult<()>;
    /// All relations as they are now, and what is followed of them.
    async fn relations(&self, followed: &[Followed]) -> PortResult<Relations>;
    /// The slot, or none if there is no such slot here.
    async fn slot_state(&self, slot: &str) -> PortResult<Option<SlotState>>;
    /// Hands over the changes from the slot's position on, in the order of their commits. Stops after the transaction with which
    /// there are `limit` of them; a transaction is never cut. The same changes come again until the slot is advanced.
    async fn changes(
        &self,
        slot: &str,
        relations: &Relations,
        watched: &Watched,
        limit: u32,
        take: &mut (dyn FnMut(Change) + Send),
    ) -> PortResult<PollOutcome>;
}
