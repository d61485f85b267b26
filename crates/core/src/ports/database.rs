//! One side's database.

use ambassador::delegatable_trait;
use async_trait::async_trait;

use super::{Access, PortResult, Rows};
use crate::{
    catalogue::{
        Definition, OpenTransaction, PreparedTransaction, RoleFacts, SequenceFacts, ServerFacts, TableFacts,
        TableStatistics,
    },
    lsn::Lsn,
    plan::Scope,
};

/// Facts from the catalogue. Nothing here changes anything.
#[async_trait]
#[delegatable_trait]
pub trait Catalogue: Send + Sync {
    async fn server(&self) -> PortResult<ServerFacts>;
    /// Tables in scope, partitions included, sorted by name.
    async fn tables(&self, scope: &Scope) -> PortResult<Vec<TableFacts>>;
    /// Every role that can write a table in scope, and every role with the same name as in `also`; sorted by name.
    async fn roles(&self, scope: &Scope, also: &[String]) -> PortResult<Vec<RoleFacts>>;
    /// Prepared transactions of this database.
    async fn prepared_transactions(&self) -> PortResult<Vec<PreparedTransaction>>;
    /// Transactions of this database that are open for at least `min_age_ms`, our own session excepted.
    async fn open_transactions(&self, min_age_ms: u64) -> PortResult<Vec<OpenTransaction>>;
    /// Definitions of everything in scope, sorted: equal lists mean equal schemas.
    async fn fingerprint(&self, scope: &Scope) -> PortResult<Vec<Definition>>;
    /// Every sequence in scope, whoever owns it, sorted by name.
    async fn sequences(&self, scope: &Scope) -> PortResult<Vec<SequenceFacts>>;
    /// What the planner knows of every table and materialized view in scope, sorted by name.
    async fn statistics(&self, scope: &Scope) -> PortResult<Vec<TableStatistics>>;
}

/// Catch-up markers: unique markers that travel through the change stream.
#[async_trait]
#[delegatable_trait]
pub trait CatchUpMarkers: Send + Sync {
    /// Makes Crossover's schema and marker table where they are missing.
    async fn prepare_marker(&self) -> PortResult<()>;
    /// Writes the marker and returns the position recorded with it: the end of the write-ahead log just before the
    /// marker itself (a column filled when the row is first written). Writing the same marker again changes nothing and returns
    /// the position of the first time, so that a crashed stage finds it again.
    async fn write_marker(&self, run_id: &str, nonce: &str) -> PortResult<Lsn>;
    /// How often the marker is there.
    async fn count_markers(&self, run_id: &str, nonce: &str) -> PortResult<u32>;
    /// Removes the markers of all runs.
    async fn clear_markers(&self) -> PortResult<()>;
}

/// Sequence positions.
#[async_trait]
#[delegatable_trait]
pub trait Sequences: Send + Sync {
    /// Moves each sequence to a position from which it hands out only values beyond those of `positions` (by at least
    /// `headroom` steps in its direction); never moves one back. Returns the positions now.
    async fn advance_sequences(
        &self,
        positions: &[SequenceFacts],
        headroom: i64,
    ) -> PortResult<Vec<SequenceFacts>>;
}

/// Logical replication slots.
#[async_trait]
#[delegatable_trait]
pub trait Slots: Send + Sync {
    /// Makes a logical slot, or finds the one of that name; returns the position it is consistent from.
    async fn create_slot(&self, name: &str, plugin: &str) -> PortResult<Lsn>;
    /// Moves an idle slot forward to `to`; a slot that is further already stays. Returns its position.
    async fn advance_slot(&self, name: &str, to: Lsn) -> PortResult<Lsn>;
    /// Removes the slot; it may be gone already.
    async fn drop_slot(&self, name: &str) -> PortResult<()>;
    /// The end of the write-ahead log now.
    async fn current_lsn(&self) -> PortResult<Lsn>;
}

/// Everything a stage may ask of one side's database.
pub trait Database: Catalogue + Access + CatchUpMarkers + Sequences + Slots + Rows {}

impl<T: Catalogue + Access + CatchUpMarkers + Sequences + Slots + Rows> Database for T {}
