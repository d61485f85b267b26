//! Every error a stage can end with: its stable name, whether Step Functions may try again, and the remedy.
//!
//! The names are part of the interface: `Retry` and `Catch` in `statemachine/*.asl.json` hang on them, and a test
//! holds every name used there against [`StageError::NAMES`].

use std::collections::BTreeMap;

use crate::{finding::Finding, ports::PortError};

/// What Step Functions may do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryClass {
    /// The same invocation may succeed in a moment and repeating it is harmless.
    Again,
    /// Trying again cannot help; the run ends or aborts.
    Never,
}

/// Why a stage did not do its work.
#[derive(Debug, thiserror::Error, strum::EnumIter)]
pub enum StageError {
    #[error("the plan cannot work: {}", .faults.join("; "))]
    InvalidPlan { faults: Vec<String> },
    #[error("{} pre-check finding(s) block the cutover: {}", .findings.len(), list(.findings))]
    ChecksFailed { findings: Vec<Finding> },
    #[error("pre-checks could not run, so nothing is known about them: {}", .checks.join("; "))]
    ChecksCouldNotRun { checks: Vec<String> },
    #[error("replication is not ready: {reason}")]
    ReplicationNotReady { reason: String },
    #[error("the synthetic marker was not seen on the other side within {waited_ms} ms")]
    ProbeMarkerNotSeen { waited_ms: u64 },
    #[error("writers remain after {waited_ms} ms: {}", .who.join("; "))]
    WritersRemain { waited_ms: u64, who: Vec<String> },
    #[error("superuser sessions cannot be locked out: {}", .who.join("; "))]
    SuperuserWriter { who: Vec<String> },
    #[error("prepared transactions are open: {}", .gids.join(", "))]
    PreparedTransactions { gids: Vec<String> },
    #[error("marker {nonce} was not seen on the other side within {waited_ms} ms")]
    MarkerNotSeen { nonce: String, waited_ms: u64 },
    #[error("marker {nonce} was seen {count} times on the other side")]
    MarkerDuplicated { nonce: String, count: u32 },
    #[error("lane {lane} is {phase} under run {holder}, not under {run_id}")]
    LaneInUse {
        lane: String,
        phase: String,
        holder: String,
        run_id: String,
    },
    #[error("lane {lane} refused: {reason}")]
    LaneRefused { lane: String, reason: String },
    #[error("lane {lane} was aborted before the commit")]
    LaneAborted { lane: String },
    #[error("lane {lane} has committed; a commit is never undone by abort")]
    AlreadyCommitted { lane: String },
    #[error("{} sequence(s) on the new writer are not beyond the old one: {}", .sequences.len(), .sequences.join(", "))]
    SequencesBehind { sequences: Vec<String> },
    #[error("{} table(s) differ: {}", .tables.len(), .tables.join(", "))]
    TablesDiffer { tables: Vec<String> },
    /// Nothing is known to differ.
    #[error("{} table(s) could not be compared: {}", .tables.len(), .tables.join(", "))]
    TablesNotCompared { tables: Vec<String> },
    #[error("there is no reverse replication: {reason}")]
    NoReverseReplication { reason: String },
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Refused(String),
}

/// Findings of one kind and cause are one line, with all of their objects.
fn list(findings: &[Finding]) -> String {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&str>> = BTreeMap::new();
    for finding in findings {
        groups
            .entry((&finding.check, &finding.message, &finding.remedy))
            .or_default()
            .push(&finding.object);
    }
    let lines: Vec<String> = groups
        .into_iter()
        .map(|((check, message, remedy), objects)| match objects.as_slice() {
            [object] => format!("{check} {object}: {message}; {remedy}"),
            objects => format!(
                "{check}, {} times: {message}; {remedy}: {}",
                objects.len(),
                objects.join(", ")
            ),
        })
        .collect();
    lines.join("\n")
}

impl StageError {
    /// The stable names, sorted.
    pub const NAMES: &'static [&'static str] = &[
        "AlreadyCommitted",
        "ChecksCouldNotRun",
        "ChecksFailed",
        "InvalidPlan",
        "LaneAborted",
        "LaneInUse",
        "LaneRefused",
        "MarkerDuplicated",
        "MarkerNotSeen",
        "NoReverseReplication",
        "PreparedTransactions",
        "ProbeMarkerNotSeen",
        "Refused",
        "ReplicationNotReady",
        "SequencesBehind",
        "SuperuserWriter",
        "TablesDiffer",
        "TablesNotCompared",
        "Unreachable",
        "WritersRemain",
    ];

    /// Name, retry class and remedy. No `_` arm: a new error has to choose all three.
    const fn policy(&self) -> (&'static str, RetryClass, &'static str) {
        use RetryClass::{Again, Never};
        match self {
            Self::InvalidPlan { .. } => ("InvalidPlan", Never, "correct the named fields of the plan"),
            Self::ChecksFailed { .. } => (
                "ChecksFailed",
                Never,
                "follow the remedy of each finding, then start again",
            ),
            Self::ChecksCouldNotRun { .. } => (
                "ChecksCouldNotRun",
                Again,
                "make the named servers reachable and the named rights sufficient",
            ),
            Self::ReplicationNotReady { .. } => (
                "ReplicationNotReady",
                Never,
                "mend the replication task or end what holds it up, then start again",
            ),
            Self::ProbeMarkerNotSeen { .. } => (
                "ProbeMarkerNotSeen",
                Never,
                "see that the table crossover.catch_up_marker is in the task's table mappings",
            ),
            Self::WritersRemain { .. } => (
                "WritersRemain",
                Never,
                "stop the named sessions' programs, or raise limits.drain_ms",
            ),
            Self::SuperuserWriter { .. } => (
                "SuperuserWriter",
                Never,
                "stop the named sessions; give these programs a role without SUPERUSER",
            ),
            Self::PreparedTransactions { .. } => (
                "PreparedTransactions",
                Never,
                "commit or roll back the named transactions",
            ),
            Self::MarkerNotSeen { .. } => (
                "MarkerNotSeen",
                Never,
                "look at the replication task's latency and errors; the run aborts",
            ),
            Self::MarkerDuplicated { .. } => (
                "MarkerDuplicated",
                Never,
                "the change stream applies rows twice: look at the replication task",
            ),
            Self::LaneInUse { .. } => ("LaneInUse", Never, "wait for the other run, or abort it"),
            Self::LaneRefused { .. } => (
                "LaneRefused",
                Never,
                "read the lane's audit log for what came before",
            ),
            Self::LaneAborted { .. } => (
                "LaneAborted",
                Never,
                "the old writer goes on serving; start again when the reason is mended",
            ),
            Self::AlreadyCommitted { .. } => (
                "AlreadyCommitted",
                Never,
                "roll forward; to go back, start the rollback",
            ),
            Self::SequencesBehind { .. } => (
                "SequencesBehind",
                Never,
                "grant UPDATE on the named sequences to Crossover's role",
            ),
            Self::TablesDiffer { .. } => (
                "TablesDiffer",
                Never,
                "compare the named tables and repair them before a cutover",
            ),
            Self::TablesNotCompared { .. } => (
                "TablesNotCompared",
                Never,
                "make the named tables comparable, or exclude them from the plan's scope",
            ),
            Self::NoReverseReplication { .. } => (
                "NoReverseReplication",
                Never,
                "mend the reverse replication first",
            ),
            Self::Unreachable(_) => ("Unreachable", Again, "make the named server reachable"),
            Self::Refused(_) => ("Refused", Never, "grant what was refused"),
        }
    }

    /// One error of each kind, with empty details: for what is made from the list of errors.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::IntoEnumIterator>::iter()
    }

    /// The name Step Functions sees.
    pub const fn name(&self) -> &'static str {
        self.policy().0
    }

    /// Whether trying again can help.
    pub const fn retry(&self) -> RetryClass {
        self.policy().1
    }

    /// What the operator should do.
    pub const fn remedy(&self) -> &'static str {
        self.policy().2
    }
}

impl From<PortError> for StageError {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Unreachable { .. } => Self::Unreachable(error.to_string()),
            PortError::Refused { .. } | PortError::Missing { .. } | PortError::Unexpected { .. } => {
                Self::Refused(error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_names_is_sorted_and_unique() {
        assert!(StageError::NAMES.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn unreachable_may_be_tried_again_and_a_refusal_may_not() {
        let gone: StageError = PortError::unreachable("source database", "connection reset").into();
        assert_eq!((gone.name(), gone.retry()), ("Unreachable", RetryClass::Again));
        let no: StageError = PortError::refused("source database", "permission denied").into();
        assert_eq!((no.name(), no.retry()), ("Refused", RetryClass::Never));
        assert!(StageError::NAMES.contains(&gone.name()) && StageError::NAMES.contains(&no.name()));
    }

    #[test]
    fn findings_of_one_cause_are_one_line_that_names_all_objects() {
        let finding = |check: &str, object: &str, message: &str| Finding {
            check: check.into(),
            severity: crate::finding::Severity::Blocks,
            object: object.into(),
            message: message.into(),
            remedy: "mend it".into(),
        };
        let error = StageError::ChecksFailed {
            findings: vec![
                finding("PG11", "shop.a", "has no primary key"),
                finding("PG11", "shop.b", "has no primary key"),
                finding("PG35", "shop.a", "hides rows"),
            ],
        };
        assert_eq!(
            error.to_string(),
            "3 pre-check finding(s) block the cutover: PG11, 2 times: has no primary key; mend it: shop.a, shop.b\n\
             PG35 shop.a: hides rows; mend it"
        );
    }
}
