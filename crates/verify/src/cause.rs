//! Why nothing is known about a table, or why it is not repaired: for whoever has to say what to do about it.

use crossover_core::{
    catch_up::MarkerError,
    ports::{PortError, Refusal},
};

/// The kind of the reason. How it is put right depends on where the comparison runs: the command has options, a function has a
/// plan. [`Cause::remedy`] names neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// One side has no such table.
    NoSuchTable,
    /// The sides share no form in which rows could be compared.
    NoCommonForm,
    /// The catalogue could not be read, so the schema was not compared.
    CatalogueUnreadable,
    /// A server was away.
    Unreachable,
    /// The role lacks a right to read.
    NoRight,
    /// Row-level security hides rows from the role.
    HiddenRows,
    /// A statement ran into its time limit, or was cancelled.
    Stopped,
    /// A name in the condition, or a column that was changed meanwhile.
    UnknownName,
    /// The condition is no SQL condition.
    ConditionNotUnderstood,
    /// Text that the other side's encoding cannot represent.
    Encoding,
    /// The server refused for another reason, which it names.
    Refused,
    /// The table was removed during the comparison.
    Removed,
    /// What no server should answer.
    Unexpected,
    /// The table, or its key, is another one than the one that was compared.
    Changed,
    /// No row of the table can be told from another.
    NoKey,
    /// More rows differ than the comparison was allowed to report.
    MoreThanReported { different_rows: u64 },
    /// A catch-up marker did not arrive.
    MarkerNotSeen { waited_ms: u64 },
    /// A catch-up marker arrived more than once.
    MarkerDuplicated { count: u32 },
    /// The role lacks the right to write to the table on the target.
    NotWritable,
}

impl Cause {
    pub(crate) const fn of(error: &PortError) -> Self {
        match error {
            PortError::Unreachable { .. } => Self::Unreachable,
            PortError::Refused { about, .. } => match about {
                Refusal::NoRight => Self::NoRight,
                Refusal::Stopped => Self::Stopped,
                Refusal::UnknownName => Self::UnknownName,
                Refusal::NotUnderstood => Self::ConditionNotUnderstood,
                Refusal::Encoding => Self::Encoding,
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

    /// What to do about it, in words that hold wherever the comparison runs.
    pub fn remedy(self, table: &str) -> String {
        let text = match self {
            Self::NoSuchTable => return format!("create {table} there, or exclude it"),
            Self::NoCommonForm => "apply the missing columns, then compare again",
            Self::CatalogueUnreadable => {
                "let the role of the connection read the catalogue, or compare only rows"
            }
            Self::Unreachable => "compare again when the named server answers and nobody rewrites the table",
            Self::NoRight => {
                "grant the role of the connection SELECT on the table and USAGE on its schema, and BYPASSRLS where a policy hides \
                 rows, on both sides"
            }
            Self::HiddenRows => {
                "alter role ... bypassrls there; where the server does not allow that, make the role a member of the table's owner"
            }
            Self::Stopped => {
                "allow statements more time, or make chunks smaller; if somebody cancelled it, compare again"
            }
            Self::UnknownName => {
                "see that the columns of the condition exist; if the table was changed meanwhile, compare again"
            }
            Self::ConditionNotUnderstood => {
                "correct the condition: it has to be one condition in SQL, in which the table is called q"
            }
            Self::Encoding => {
                "one side holds text that the other's encoding cannot represent: correct it there, or exclude the table"
            }
            Self::Refused => "do what the message asks for, then compare again; or exclude the table",
            Self::Removed => "compare again: the table was removed meanwhile",
            Self::Unexpected => "compare again; if it stays, report it with this message",
            Self::Changed => "compare again",
            Self::MarkerNotSeen { .. } => {
                "see that crossover.catch_up_marker is among the replicated tables and that replication runs"
            }
            Self::MarkerDuplicated { .. } => {
                "the change stream applies rows twice: look at the replication task"
            }
            Self::NoKey => {
                return format!(
                    "add a primary key, or a unique index over columns that are not null, to {table} on both sides; or load it again"
                );
            }
            Self::MoreThanReported { different_rows } => {
                return format!(
                    "let more than {different_rows} differing rows be reported, or load the table again if most of it differs"
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
