//! The ports: how a stage reaches the context. Adapters live in `crates/postgres`, `crates/aws`, `crates/edge-admin`.
//!
//! Reading and writing are separate traits, so that a dry run can replace everything that writes
//! ([`crate::dry_run`]) while it reads the real thing.

pub mod access;
pub mod change_counters;
pub mod changes;
pub mod database;
pub mod journal;
pub mod lane;
pub mod metrics;
pub mod repair;
pub mod replication;
pub mod rows;

pub use access::{Access, AccessSnapshot, LockReport, RoleAccess, WriterSample};
pub use change_counters::{ChangeCounters, DatabaseState, WriteCounts};
pub use changes::{
    CHANGES_PLUGIN, Change, Changes, Followed, PollOutcome, Relation, Relations, SlotState, Watched, Written,
};
pub use database::{Catalogue, CatchUpMarkers, Database, Sequences, Slots};
pub use journal::{Journal, JournalEntry};
pub use lane::Lane;
pub use metrics::{Clock, Metrics};
pub use repair::{Repair, RepairTransaction, RowOutcome};
pub use replication::{CdcTask, Replication, TableReplication, TaskState, TaskStatus};
pub use rows::{Rows, Snapshot};

use crate::catch_up::MarkerError;

/// Everything that the signatures of the ports name, for whoever forwards a port to another implementation: the forwarding is
/// generated (`ambassador`), so that a new method of a port needs no change there.
pub mod prelude {
    pub use std::collections::BTreeMap;

    pub use super::{
        Access, AccessSnapshot, Catalogue, CatchUpMarkers, Clock, Database, LockReport, PortError,
        PortResult, RoleAccess, Rows, Sequences, Slots, Snapshot, WriterSample, database::*, rows::*,
    };
    pub use crate::{
        Lsn,
        catalogue::{
            Definition, OpenTransaction, PreparedTransaction, RoleFacts, SequenceFacts, ServerFacts,
            TableFacts, TableStatistics,
        },
        plan::Scope,
        rows::{
            BlockRange, BlockRangeDigest, ColumnStatistics, HashPlan, HashingFacts, Region, RowDigest,
            RowHash, RowKey, RowValues, TableShape,
        },
    };
}

/// What a refusal is about, as far as it can be told: each calls for another remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The role may not do it, or may not see every row.
    NoRight,
    /// It took too long, or somebody cancelled it.
    Stopped,
    /// A name in it is not known.
    UnknownName,
    /// It is not understood: syntax, or types that do not go together.
    NotUnderstood,
    /// A text that the other encoding has no characters for.
    Encoding,
    /// Only the reason tells.
    Other,
}

/// Why a port could not do its work. The text names the object; it never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// It did not answer, or the connection broke: nothing is known about what it did.
    #[error("{what} cannot be reached: {reason}")]
    Unreachable { what: String, reason: String },
    /// It answered that it will not.
    #[error("{what} refused: {reason}")]
    Refused {
        what: String,
        reason: String,
        about: Refusal,
    },
    /// The thing asked for does not exist.
    #[error("{what} does not exist")]
    Missing { what: String },
    /// It answered something that makes no sense here.
    #[error("{what} answered unexpectedly: {reason}")]
    Unexpected { what: String, reason: String },
    /// A catch-up marker proved nothing.
    #[error(transparent)]
    Marker(#[from] MarkerError),
}

impl PortError {
    /// The error for something that did not answer.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they are, `map_err` style"
    )]
    pub fn unreachable(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Unreachable {
            what: what.into(),
            reason: reason.to_string(),
        }
    }

    /// The error for something that said no.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they are, `map_err` style"
    )]
    pub fn refused(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::refused_about(what, reason, Refusal::Other)
    }

    /// The same where it is known what the refusal is about.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they are, `map_err` style"
    )]
    pub fn refused_about(what: impl Into<String>, reason: impl ToString, about: Refusal) -> Self {
        Self::Refused {
            what: what.into(),
            reason: reason.to_string(),
            about,
        }
    }

    /// The error for something that is not there.
    pub fn missing(what: impl Into<String>) -> Self {
        Self::Missing { what: what.into() }
    }

    /// The error for an answer that makes no sense.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they are, `map_err` style"
    )]
    pub fn unexpected(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Unexpected {
            what: what.into(),
            reason: reason.to_string(),
        }
    }
}

/// What a port answers.
pub type PortResult<T> = Result<T, PortError>;
