//! The ports: the traits through which a stage reaches the outside. The adapters are in `crates/postgres`,
//! `crates/aws` and `crates/edge-admin`.
//!
//! Reading and writing are separate traits, so that a dry run can replace everything that writes
//! ([`crate::dry_run`]) and still read the real systems.

pub mod access;
pub mod change_counters;
pub mod changes;
pub mod database;
pub mod journal;
pub mod lane;
pub mod metrics;
pub mod positions;
pub mod repair;
pub mod replication;
pub mod rows;

pub use access::{
    Access, AccessSnapshot, LockPlan, LockReport, RoleAccess, RunningTransaction, WriterSample,
};
pub use change_counters::{ChangeCounters, DatabaseState, WriteCounts};
pub use changes::{
    Change, Changes, Followed, PollOutcome, Relation, Relations, RetainedState, Watched, Written,
};
pub use database::{
    Catalogue, CatchUpMarkers, Database, DatabaseReader, DatabaseWriter, RetainedPositions, Sequences,
};
pub use journal::{Journal, JournalEntry};
pub use lane::Lane;
pub use metrics::{Clock, Figure, Metrics};
pub use positions::Positions;
pub use repair::{Repair, RepairTransaction, RowOutcome};
pub use replication::{NewStream, Replication, StreamHealth, StreamState, TableHealth};
pub use rows::{Rows, Snapshot};

use crate::Millis;

/// Everything that the signatures of the ports name, for code that forwards a port to another implementation.
/// The forwarding is generated (`ambassador`), so that a new method of a port needs no change there.
pub mod prelude {
    pub use std::collections::BTreeMap;

    pub use super::{
        Access, AccessSnapshot, Catalogue, CatchUpMarkers, Clock, Database, DatabaseWriter, LockPlan,
        LockReport, PortError, PortResult, RetainedPositions, RoleAccess, Rows, RunningTransaction,
        Sequences, Snapshot, WriterSample, database::*, rows::*,
    };
    pub use crate::{
        Position,
        catalogue::{
            Definition, OpenTransaction, PreparedTransaction, RoleFacts, SequenceFacts, ServerFacts,
            TableFacts, TableStatistics,
        },
        plan::Scope,
        rows::{
            BlockRange, BlockRangeDigest, ColumnStatistics, HashPlan, HashingFacts, Region, RowDigest,
            RowHash, RowKey, RowShown, RowValues, TableShape,
        },
    };
}

/// The cause of a refusal, as far as the answer shows it. Each cause has another remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The role lacks a right, or row-level security hides rows from it.
    NoRight,
    /// The statement took too long or was cancelled.
    Stopped,
    /// The statement names an object that does not exist.
    UnknownName,
    /// The statement has a syntax error, or types that do not match.
    NotUnderstood,
    /// The text has characters that the other encoding cannot represent.
    Encoding,
    /// Some of the rows are on another server, which did not answer this one.
    OtherServer,
    /// The cause is only in the text of the answer.
    Other,
}

/// Why a marker does not prove the catch-up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    #[error("catch-up marker {nonce} did not arrive on the other side within {waited_ms} ms")]
    NotSeen { nonce: String, waited_ms: Millis },
    /// The stream applied one change more than once, so rows may be duplicated as well.
    #[error("catch-up marker {nonce} arrived {count} times on the other side")]
    Duplicated { nonce: String, count: u32 },
}

/// Why a server cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    NoAnswer,
    /// It allows this role, or all roles together, no further connection at present.
    NoConnectionFree,
}

impl Absence {
    const fn in_words(self) -> &'static str {
        match self {
            Self::NoAnswer => "",
            Self::NoConnectionFree => "every connection it allows is in use: ",
        }
    }
}

/// Why a port failed. The text names the object and never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// No answer, or a broken connection: whether the request was carried out is unknown.
    #[error("{what} cannot be reached: {}{reason}", .absence.in_words())]
    Unreachable {
        what: String,
        reason: String,
        absence: Absence,
    },
    /// The server answers, but what was read before no longer belongs to what is read now.
    #[error("{what} has to be read again: {reason}")]
    ReadAgain { what: String, reason: String },
    /// The server or service refused the request.
    #[error("{what} refused: {reason}")]
    Refused {
        what: String,
        reason: String,
        about: Refusal,
    },
    #[error("{what} does not exist")]
    Missing { what: String },
    /// The answer contradicts what the adapter expects of this server or service.
    #[error("{what} gave an unexpected answer: {reason}")]
    Unexpected { what: String, reason: String },
    /// A catch-up marker did not prove the catch-up.
    #[error(transparent)]
    Marker(#[from] MarkerError),
}

impl PortError {
    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they are, `map_err` style"
    )]
    pub fn unreachable(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Unreachable {
            what: what.into(),
            reason: reason.to_string(),
            absence: Absence::NoAnswer,
        }
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they are, `map_err` style"
    )]
    pub fn no_connection_free(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Unreachable {
            what: what.into(),
            reason: reason.to_string(),
            absence: Absence::NoConnectionFree,
        }
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they are, `map_err` style"
    )]
    pub fn read_again(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::ReadAgain {
            what: what.into(),
            reason: reason.to_string(),
        }
    }

    /// A refusal whose cause is only in the text.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they are, `map_err` style"
    )]
    pub fn refused(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::refused_about(what, reason, Refusal::Other)
    }

    /// A refusal with a known cause.
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

    pub fn missing(what: impl Into<String>) -> Self {
        Self::Missing { what: what.into() }
    }

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

pub type PortResult<T> = Result<T, PortError>;
