//! Every error a stage can end with: its stable name, whether Step Functions may try again, and the remedy.
//!
//! The names are part of the interface: `Retry` and `Catch` in `statemachine/*.asl.json` hang on them, and a test
//! holds every name used there against [`ErrorName`], which is made from the variants of [`StageError`].

use std::collections::BTreeMap;

use strum::{EnumDiscriminants, EnumIter, IntoEnumIterator, IntoStaticStr, VariantNames};

use crate::{
    catch_up::MarkerError,
    finding::Finding,
    ports::{PortError, Refusal},
};

/// What Step Functions may do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryClass {
    /// The same invocation may succeed in a moment and repeating it is harmless.
    Again,
    /// Trying again cannot help; the run ends or aborts.
    Never,
}

/// Why a stage did not do its work.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(
    name(ErrorName),
    derive(EnumIter, IntoStaticStr, VariantNames, PartialOrd, Ord),
    doc = "The stable name of a stage's error."
)]
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
    #[error("the old writer is not locked: {reason}")]
    NotLocked { reason: String },
    #[error("{0}")]
    Unreachable(String),
    /// The role lacks a right.
    #[error("{0}")]
    Refused(String),
    /// Something was named that does not exist.
    #[error("{0}")]
    Missing(String),
    /// A statement took too long, or somebody cancelled it.
    #[error("{0}")]
    Timeout(String),
    /// A service said no, and only its message tells why.
    #[error("{0}")]
    Rejected(String),
    /// A service answered what it should never answer.
    #[error("{0}")]
    UnexpectedAnswer(String),
    /// A fault of Crossover itself.
    #[error("{0}")]
    Internal(String),
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

impl ErrorName {
    /// As Step Functions sees it.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Retry class and remedy. No `_` arm: a new error has to choose both.
    const fn policy(self) -> (RetryClass, &'static str) {
        use RetryClass::{Again, Never};
        match self {
            Self::InvalidPlan => (Never, "correct the named fields of the plan"),
            Self::ChecksFailed => (Never, "follow the remedy of each finding, then start again"),
            Self::ChecksCouldNotRun => (
                Again,
                "make the named servers reachable and the named rights sufficient",
            ),
            Self::ReplicationNotReady => (
                Never,
                "mend the replication task or end what holds it up, then start again",
            ),
            Self::ProbeMarkerNotSeen => (
                Never,
                "see that the table crossover.catch_up_marker is in the task's table mappings",
            ),
            Self::WritersRemain => (
                Never,
                "stop the named sessions' programs, or raise limits.drain_ms",
            ),
            Self::SuperuserWriter => (
                Never,
                "stop the named sessions; give these programs a role without SUPERUSER",
            ),
            Self::PreparedTransactions => (Never, "commit or roll back the named transactions"),
            Self::MarkerNotSeen => (
                Never,
                "look at the replication task's latency and errors; the run aborts",
            ),
            Self::MarkerDuplicated => (
                Never,
                "the change stream applies rows twice: look at the replication task",
            ),
            Self::LaneInUse => (Never, "wait for the other run, or abort it"),
            Self::LaneRefused => (Never, "read the lane's audit log for what came before"),
            Self::LaneAborted => (
                Never,
                "the old writer goes on serving; start again when the reason is mended",
            ),
            Self::AlreadyCommitted => (Never, "roll forward; to go back, start the rollback"),
            Self::SequencesBehind => (Never, "grant UPDATE on the named sequences to Crossover's role"),
            Self::TablesDiffer => (Never, "compare the named tables and repair them before a cutover"),
            Self::TablesNotCompared => (
                Never,
                "make the named tables comparable, or exclude them from the plan's scope",
            ),
            Self::NoReverseReplication => (Never, "mend the reverse replication first"),
            Self::NotLocked => (
                Never,
                "run connection-drain before final-sync, as the state machine does",
            ),
            Self::Unreachable => (Again, "make the named server reachable"),
            Self::Refused => (Never, "grant Crossover's role the right that the message names"),
            Self::Missing => (Never, "create the named object, or correct its name in the plan"),
            Self::Timeout => (Never, "end what holds the named object up, then start again"),
            Self::Rejected => (Never, "remove the cause that the message names, then start again"),
            Self::UnexpectedAnswer => (
                Never,
                "see that the named service is of a supported version; if it is, report the message",
            ),
            Self::Internal => (Never, "report the message: this is a fault of Crossover"),
        }
    }

    /// Whether trying again can help.
    pub const fn retry(self) -> RetryClass {
        self.policy().0
    }

    /// What the operator should do.
    pub const fn remedy(self) -> &'static str {
        self.policy().1
    }
}

impl StageError {
    /// The stable names, in the order of the variants.
    pub const NAMES: &'static [&'static str] = ErrorName::VARIANTS;

    /// Every kind of error: for what is made from the list of them.
    pub fn all() -> impl Iterator<Item = ErrorName> {
        ErrorName::iter()
    }

    /// The name Step Functions sees.
    pub fn name(&self) -> &'static str {
        ErrorName::from(self).name()
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> RetryClass {
        ErrorName::from(self).retry()
    }

    /// What the operator should do.
    pub fn remedy(&self) -> &'static str {
        ErrorName::from(self).remedy()
    }
}

impl From<MarkerError> for StageError {
    fn from(error: MarkerError) -> Self {
        match error {
            MarkerError::NotSeen { nonce, waited_ms } => Self::MarkerNotSeen { nonce, waited_ms },
            MarkerError::Duplicated { nonce, count } => Self::MarkerDuplicated { nonce, count },
        }
    }
}

impl From<PortError> for StageError {
    fn from(error: PortError) -> Self {
        let text = error.to_string();
        match error {
            PortError::Unreachable { .. } => Self::Unreachable(text),
            PortError::Refused { about, .. } => match about {
                Refusal::NoRight => Self::Refused(text),
                Refusal::Stopped => Self::Timeout(text),
                Refusal::UnknownName => Self::Missing(text),
                Refusal::NotUnderstood | Refusal::Encoding | Refusal::Other => Self::Rejected(text),
            },
            PortError::Missing { .. } => Self::Missing(text),
            PortError::Unexpected { .. } => Self::UnexpectedAnswer(text),
            PortError::Marker(marker) => marker.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends_as(error: PortError) -> (&'static str, RetryClass) {
        let error = StageError::from(error);
        (error.name(), error.retry())
    }

    #[test]
    fn a_name_is_that_of_its_variant() {
        let names: Vec<&str> = StageError::all().map(ErrorName::name).collect();
        assert_eq!(names, StageError::NAMES);
        let error = StageError::InvalidPlan { faults: Vec::new() };
        assert_eq!(error.name(), "InvalidPlan");
    }

    #[test]
    fn every_cause_has_an_error_with_a_remedy_of_its_own() {
        use RetryClass::{Again, Never};
        let refused = |about| PortError::refused_about("table shop.orders", "reason", about);
        for (cause, name, retry) in [
            (
                PortError::unreachable("source", "connection reset"),
                "Unreachable",
                Again,
            ),
            (refused(Refusal::NoRight), "Refused", Never),
            (refused(Refusal::Stopped), "Timeout", Never),
            (refused(Refusal::UnknownName), "Missing", Never),
            (refused(Refusal::Other), "Rejected", Never),
            (
                PortError::missing("role shop_app in the target"),
                "Missing",
                Never,
            ),
            (
                PortError::unexpected("the source", "no row"),
                "UnexpectedAnswer",
                Never,
            ),
        ] {
            assert_eq!(ends_as(cause), (name, retry));
        }
        let mut remedies: Vec<&str> = StageError::all().map(ErrorName::remedy).collect();
        remedies.sort_unstable();
        assert!(remedies.windows(2).all(|pair| pair[0] != pair[1]), "{remedies:?}");
    }

    #[test]
    fn only_a_missing_right_is_answered_with_a_grant() {
        for name in StageError::all() {
            let grants = name.remedy().contains("grant");
            let may = matches!(name, ErrorName::Refused | ErrorName::SequencesBehind);
            assert!(may || !grants, "{name:?}: {}", name.remedy());
        }
    }

    #[test]
    fn a_marker_that_is_not_seen_is_called_so() {
        let late = MarkerError::NotSeen {
            nonce: "n".into(),
            waited_ms: 5,
        };
        assert_eq!(ends_as(late.into()), ("MarkerNotSeen", RetryClass::Never));
        let twice = MarkerError::Duplicated {
            nonce: "n".into(),
            count: 2,
        };
        assert_eq!(ends_as(twice.into()), ("MarkerDuplicated", RetryClass::Never));
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
