//! Why a table was not compared or not repaired, and the remedy for the operator.

use crossover_core::{
    Millis,
    ports::{Absence, MarkerError, PortError, Refusal},
};

/// The remedy for a server that does not answer.
const UNREACHABLE: &str =
    "compare again when the named server runs and can be reached: check its host, port and firewall";
/// The remedy for a server whose connections are all in use.
const NO_CONNECTION_FREE: &str = "compare fewer chunks at the same time, end idle sessions there, or allow more connections \
    (max_connections, or the connection limit of the role or the database)";

/// The kind of the reason. The exact remedy depends on where the comparison runs: the command has options, a
/// function has a plan. [`Cause::remedy`] mentions neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The table exists on one side only.
    NoSuchTable,
    /// A column exists on one side only, so rows have no common form in which they can be compared.
    NoCommonForm,
    /// The catalogue could not be read, so the schema was not compared.
    CatalogueUnreadable,
    /// Reading the catalogue exceeded its time limit or was cancelled, so the schema was not compared.
    CatalogueStopped,
    /// A server did not answer.
    Unreachable,
    /// A server allows no further connection.
    NoConnectionFree,
    /// Some of the rows are on a server that one of the two could not reach.
    OtherServer,
    /// A session rewrote the table whenever it was read.
    Rewritten,
    /// The role lacks the privilege to read.
    NoRight,
    /// Row-level security hides rows from the role.
    HiddenRows,
    /// A statement exceeded its time limit or was cancelled.
    Stopped,
    /// The condition names an unknown column, or a column was changed during the comparison.
    UnknownName,
    /// The condition is not a valid SQL condition.
    ConditionNotUnderstood,
    /// Text that the encoding of the other side cannot represent.
    Encoding,
    /// The server refused for another reason; the message contains that reason.
    Refused,
    /// The table was removed during the comparison.
    Removed,
    /// An answer that no server should give.
    Unexpected,
    /// The table or its key is not the one that was compared.
    Changed,
    /// The rows of the table cannot be identified.
    NoKey,
    /// More rows differ than the comparison was allowed to report.
    MoreThanReported { different_rows: u64 },
    /// A catch-up marker did not arrive.
    MarkerNotSeen { waited_ms: Millis },
    /// A catch-up marker arrived more than once.
    MarkerDuplicated { count: u32 },
    /// The role lacks the privilege to write to the table on the target.
    NotWritable,
}

impl Cause {
    pub(crate) const fn of(error: &PortError) -> Self {
        match error {
            PortError::Unreachable { absence, .. } => match absence {
                Absence::NoAnswer => Self::Unreachable,
                Absence::NoConnectionFree => Self::NoConnectionFree,
            },
            PortError::ReadAgain { .. } => Self::Rewritten,
            PortError::Refused { about, .. } => match about {
                Refusal::NoRight => Self::NoRight,
                Refusal::Stopped => Self::Stopped,
                Refusal::UnknownName => Self::UnknownName,
                Refusal::NotUnderstood => Self::ConditionNotUnderstood,
                Refusal::Encoding => Self::Encoding,
                Refusal::OtherServer => Self::OtherServer,
                Refusal::Other => Self::Refused,
            },
            PortError::Missing { .. } => Self::Removed,
            PortError::Unexpected { .. } => Self::Unexpected,
            PortError::Marker(MarkerError::NotSeen { waited_ms, .. }) => Self::MarkerNotSeen {
                waited_ms: *waited_ms,
            },
            PortError::Marker(MarkerError::Duplicated { count, .. }) => {
                Self::MarkerDuplicated { count: *count }
            }
        }
    }

    /// The reason why the schemas were not compared.
    pub(crate) const fn of_catalogue(error: &PortError) -> Self {
        match Self::of(error) {
            Self::Unreachable => Self::Unreachable,
            Self::NoConnectionFree => Self::NoConnectionFree,
            Self::Stopped => Self::CatalogueStopped,
            _ => Self::CatalogueUnreadable,
        }
    }

    /// Whether the cause itself is a difference between the sides. All other causes leave open whether the table
    /// differs.
    pub const fn is_difference(self) -> bool {
        matches!(self, Self::NoCommonForm)
    }

    /// The remedy, in words that hold wherever the comparison runs.
    pub fn remedy(self, table: &str) -> String {
        let text = match self {
            Self::NoSuchTable => return format!("create {table} on that side, or exclude the table"),
            Self::NoCommonForm => "add the missing columns, then compare again",
            Self::CatalogueUnreadable => {
                "allow the role of the connection to read the catalogue, or compare only rows"
            }
            Self::CatalogueStopped => {
                "allow more time for reading the catalogue; if the statement was cancelled, compare again"
            }
            Self::Unreachable => UNREACHABLE,
            Self::NoConnectionFree => NO_CONNECTION_FREE,
            Self::OtherServer => {
                "compare again when the server named in the message can be reached from the one that reports it; or exclude the table"
            }
            Self::Rewritten => "compare again when no session rewrites the table",
            Self::NoRight => {
                "grant the role of the connection SELECT on the table and USAGE on its schema, and BYPASSRLS where a policy hides \
                 rows, on both sides"
            }
            Self::HiddenRows => {
                "alter role ... bypassrls there; where the server does not allow that, make the role a member of the table's owner"
            }
            Self::Stopped => {
                "allow more time for statements, or use smaller chunks; if the statement was cancelled, compare again"
            }
            Self::UnknownName => {
                "check that the columns of the condition exist; if the table was changed during the comparison, compare again"
            }
            Self::ConditionNotUnderstood => {
                "correct the condition: one SQL condition is expected, in which the table is called q"
            }
            Self::Encoding => {
                "one side holds text that the other's encoding cannot represent: correct the text on that side, or exclude the table"
            }
            Self::Refused => "follow the message of the server, then compare again; or exclude the table",
            Self::Removed => "compare again: the table was removed during the comparison",
            Self::Unexpected => "compare again; if the problem remains, report this message",
            Self::Changed => "compare again",
            Self::MarkerNotSeen { .. } => {
                "check that crossover.catch_up_marker is one of the replicated tables and that replication is running"
            }
            Self::MarkerDuplicated { .. } => {
                "the change stream applies rows twice: check the replication task"
            }
            Self::NoKey => {
                return format!(
                    "add a primary key, or a unique index over columns that are not null, to {table} on both sides; or load it again"
                );
            }
            Self::MoreThanReported { different_rows } => {
                return format!(
                    "allow more than {different_rows} differing rows to be reported, or load the table again if most of it differs"
                );
            }
            Self::NotWritable => {
                return format!(
                    "grant select, insert, update, delete on {table} to the role that connects to the target"
                );
            }
        };
        text.to_owned()
    }
}
