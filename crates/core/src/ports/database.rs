//! One side's database.

use std::sync::Arc;

use ambassador::delegatable_trait;
use async_trait::async_trait;

use super::{Access, PortResult, Rows};
use crate::{
    catalogue::{
        Definition, OpenTransaction, PreparedTransaction, RoleFacts, SequenceFacts, ServerFacts, TableFacts,
        TableStatistics,
    },
    plan::Scope,
    position::Position,
    schema::Remedies,
};

/// Facts from the catalogue. Nothing here changes anything.
#[async_trait]
pub trait Catalogue: Remedies {
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
    /// Where this database's changes end now.
    async fn current_position(&self) -> PortResult<Position>;
}

/// Catch-up markers: unique markers that travel through the change stream.
#[async_trait]
#[delegatable_trait]
pub trait CatchUpMarkers: Send + Sync {
    /// Makes Crossover's schema and marker table where they are missing.
    async fn prepare_marker(&self) -> PortResult<()>;
    /// Writes the marker and returns the position recorded with it: the end of the changes just before the
    /// marker itself (a column filled when the row is first written). Writing the same marker again changes nothing and returns
    /// the position of the first time, so that a crashed stage finds it again.
    async fn write_marker(&self, run_id: &str, nonce: &str) -> PortResult<Position>;
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

/// Retained positions: from such a position on the database keeps every change, until the position is released.
///
/// A position is retained in the form the reader of the changes needs; which form that is follows from the CDC engine of the plan and
/// is known to the adapter.
#[async_trait]
#[delegatable_trait]
pub trait RetainedPositions: Send + Sync {
    /// Retains the present position under a name, or finds the one of that name; returns the position changes are kept from.
    /// Takes as long as the oldest open transaction.
    async fn retain_position(&self, name: &str) -> PortResult<Position>;
    /// Gives up the changes before `to`, which nobody reads at this time; a position that is further already stays. Returns the
    /// position now.
    async fn advance_position(&self, name: &str, to: &Position) -> PortResult<Position>;
    /// Releases the position; it may be gone already.
    async fn release_position(&self, name: &str) -> PortResult<()>;
}

/// The half of a database that is read as it is: nothing in it changes anything, and no answer depends on what a run has changed.
pub trait DatabaseReader: Catalogue + Rows {}

impl<T: Catalogue + Rows> DatabaseReader for T {}

/// The half of a database that changes it, with the questions about such changes. A dry run replaces this half and no other.
pub trait DatabaseWriter: Access + CatchUpMarkers + Sequences + RetainedPositions {}

impl<T: Access + CatchUpMarkers + Sequences + RetainedPositions> DatabaseWriter for T {}

/// Everything a stage may ask of one side's database.
#[derive(Clone)]
pub struct Database {
    pub reads: Arc<dyn DatabaseReader>,
    pub writes: Arc<dyn DatabaseWriter>,
}

impl Database {
    /// Both halves of one adapter.
    pub fn new<T: DatabaseReader + DatabaseWriter + 'static>(adapter: Arc<T>) -> Self {
        Self {
            reads: Arc::clone(&adapter) as Arc<dyn DatabaseReader>,
            writes: adapter,
        }
    }
}
