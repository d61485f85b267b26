//! The ports: how a stage reaches the world. Adapters live in `crates/postgres`, `crates/aws`, `crates/edge-admin`.
//!
//! Reading and writing are separate traits, so that a dry run can replace everything that writes
//! ([`crate::dry_run`]) while it reads the real thing.

pub mod access;
pub mod changes;
pub mod circumstances;
pub mod database;
pub mod journal;
pub mod lane;
pub mod metrics;
pub mod repair;
pub mod replication;
pub mod rows;

pub use access::{Access, AccessSnapshot, LockReport, RoleAccess, WriterSample};
pub use changes::{
    CHANGES_PLUGIN, Change, Changes, Followed, Relation, Relations, SlotState, Taken, Watched, Written,
};
pub use circumstances::{Circumstances, Standing, WriteCounts};
pub use database::{Catalogue, Database, Fence, Sequences, Slots};
pub use journal::{Journal, JournalEntry};
pub use lane::Lane;
pub use metrics::{Clock, Metrics};
pub use repair::{Repair, RepairTransaction, RowOutcome};
pub use replication::{CdcTask, Replication, TableReplication, TaskState, TaskStatus};
pub use rows::{Moment, Rows};

/// Why a port could not do its work. The text names the object; it never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// It did not answer, or the connection broke: nothing is known about what it did.
    #[error("{what} cannot be reached: {reason}")]
    Unreachable { what: String, reason: String },
    /// It answered that it will not.
    #[error("{what} refused: {reason}")]
    Refused { what: String, reason: String },
    /// The thing asked for does not exist.
    #[error("{what} does not exist")]
    Missing { what: String },
    /// It answered something that makes no sense here.
    #[error("{what} answered unexpectedly: {reason}")]
    Unexpected { what: String, reason: String },
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
        Self::Refused {
            what: what.into(),
            reason: reason.to_string(),
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
