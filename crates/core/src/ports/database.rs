//! One side's database.

use std::sync::Arc;

use ambassador::delegatable_trait;
use async_trait::async_trait;

use super::{Access, PortResult, Rows};
use crate::{
    Millis,
    catalogue::{
        Definition, OpenTransaction, PreparedTransaction, RoleFacts, SequenceFacts, ServerFacts, ServerLoad,
        Shortfall, TableFacts, TableStatistics,
    },
    plan::Scope,
    position::Position,
    schema::{Remedies, Unjudged},
};

/// Reads facts from the catalogue and changes nothing.
#[async_trait]
pub trait Catalogue: Remedies {
    async fn server(&self) -> PortResult<ServerFacts>;
    /// How many of the server's sessions are in use.
    async fn load(&self) -> PortResult<ServerLoad>;
    /// Tables in scope, partitions included, sorted by name.
    async fn tables(&self, scope: &Scope) -> PortResult<Vec<TableFacts>>;
    /// Every role that can write a table in scope, and every role with the same name as in `also`; sorted by
    /// name.
    async fn roles(&self, scope: &Scope, also: &[String]) -> PortResult<Vec<RoleFacts>>;
    /// Prepared transactions of this database.
    async fn prepared_transactions(&self) -> PortResult<Vec<PreparedTransaction>>;
    /// Transactions of this database that have been open for at least `min_age_ms`, except that of this
    /// session.
    async fn open_transactions(&self, min_age_ms: Millis) -> PortResult<Vec<OpenTransaction>>;
    /// Definitions of all objects in scope, sorted: equal lists mean equal schemas.
    async fn fingerprint(&self, scope: &Scope) -> PortResult<Vec<Definition>>;
    /// What the database has beyond these definitions, rows and sequences: it is not compared, and named.
    async fn not_compared(&self, scope: &Scope) -> PortResult<Vec<Unjudged>>;
    /// Every sequence in scope, with or without an owning column, sorted by name.
    async fn sequences(&self, scope: &Scope) -> PortResult<Vec<SequenceFacts>>;
    /// What is missing so that Crossover's own tables can be used: the catch-up markers by Crossover's role and
    /// by the users of the change streams, the access snapshot by Crossover's role. Empty when nothing is.
    async fn own_tables(&self) -> PortResult<Vec<Shortfall>>;
    /// The planner's statistics of every table and materialized view in scope, sorted by name.
    async fn statistics(&self, scope: &Scope) -> PortResult<Vec<TableStatistics>>;
    /// The current end of this database's changes.
    async fn current_position(&self) -> PortResult<Position>;
}

/// Catch-up markers: unique rows that the change stream replicates.
#[async_trait]
#[delegatable_trait]
pub trait CatchUpMarkers: Send + Sync {
    /// Creates Crossover's schema and own tables where they are missing, and gives the exempt roles what a user
    /// of the change streams needs there. What exists keeps its form: [`Catalogue::own_tables`] says what is
    /// still missing.
    async fn prepare_marker(&self) -> PortResult<()>;
    /// Writes the marker and returns the position recorded with it: the end of the changes just before the
    /// marker (a column filled when the row is first written). A second write of the same marker changes
    /// nothing and returns the first position, so that a stage finds the position again after a crash.
    async fn write_marker(&self, run_id: &str, nonce: &str) -> PortResult<Position>;
    /// The number of rows with this marker.
    async fn count_markers(&self, run_id: &str, nonce: &str) -> PortResult<u32>;
    /// Removes the markers of all runs.
    async fn clear_markers(&self) -> PortResult<()>;
}

/// Sequence positions.
#[async_trait]
#[delegatable_trait]
pub trait Sequences: Send + Sync {
    /// Moves each sequence so that all its further values lie at least `headroom` steps beyond `positions`,
    /// in the direction in which the sequence counts. Sequences never move backwards. Returns the new
    /// positions.
    async fn advance_sequences(
        &self,
        positions: &[SequenceFacts],
        headroom: i64,
    ) -> PortResult<Vec<SequenceFacts>>;
}

/// Retained positions: the database keeps every change from such a position on, until the position is
/// released.
///
/// The form of a retained position depends on the reader of the changes. The adapter derives the form from
/// the plan's CDC engine.
#[async_trait]
#[delegatable_trait]
pub trait RetainedPositions: Send + Sync {
    /// Retains the current position under a name, or finds the existing one of that name. Returns the
    /// position from which changes are kept. Waits for the oldest open transaction.
    async fn retain_position(&self, name: &str) -> PortResult<Position>;
    /// Gives up the changes before `to`, while no reader uses the position. A position beyond `to` stays.
    /// Returns the resulting position.
    async fn advance_position(&self, name: &str, to: &Position) -> PortResult<Position>;
    /// Releases the position; a missing position is not an error.
    async fn release_position(&self, name: &str) -> PortResult<()>;
    /// The names of all retained positions of this database, whoever made them, sorted.
    async fn retained_positions(&self) -> PortResult<Vec<String>>;
}

/// The reading half of a database: it changes nothing, and its answers do not depend on the changes of a run.
pub trait DatabaseReader: Catalogue + Rows {}

impl<T: Catalogue + Rows> DatabaseReader for T {}

/// The writing half of a database, including the reads of what a run has written. A dry run replaces only
/// this half.
pub trait DatabaseWriter: Access + CatchUpMarkers + Sequences + RetainedPositions {}

impl<T: Access + CatchUpMarkers + Sequences + RetainedPositions> DatabaseWriter for T {}

/// Both halves of one side's database.
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
