//! Every error a stage can end with: its stable name, whether Step Functions may retry, and the remedy.
//!
//! The names are part of the interface: `Retry` and `Catch` in `statemachine/*.asl.json` depend on them. A
//! test compares every name used there with [`ErrorName`], which is derived from the variants of
//! [`StageError`].

mod meaning;

use serde::Serialize;
use strum::{EnumDiscriminants, EnumIter, IntoEnumIterator, IntoStaticStr, VariantNames};

use crate::{
    Millis,
    finding::{Finding, grouped},
    ports::{MarkerError, PortError, Refusal},
};

/// Whether Step Functions may retry after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetryClass {
    /// The same invocation may succeed a little later, and a repetition is harmless.
    Again,
    /// The systems were too busy. A retry within the run cannot help; a later run may succeed without any change.
    Later,
    /// A retry cannot help; the run ends or aborts.
    Never,
}

/// Why a stage failed. The text names the objects; [`StageError::remedy`] states what to do about them.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(
    name(ErrorName),
    derive(EnumIter, IntoStaticStr, VariantNames, PartialOrd, Ord),
    doc = "The stable name of a stage's error."
)]
pub enum StageError {
    #[error("the plan is invalid: {}", .faults.join("; "))]
    InvalidPlan { faults: Vec<String> },
    #[error("{} pre-check finding(s) block the cutover: {}", .findings.len(), list(.findings))]
    ChecksFailed { findings: Vec<Finding> },
    #[error("{} pre-check(s) could not run, so their results are unknown: {}", .checks.len(), .checks.join("; "))]
    ChecksCouldNotRun { checks: Vec<String> },
    #[error("replication is not ready: {reason}")]
    ReplicationNotReady { reason: String },
    /// The load left no room for a pause within its limits, from the start of lag-wait to its end.
    #[error("the systems are too busy for a cutover: {reason}")]
    TooBusy { reason: String },
    #[error("a catch-up marker written as a probe did not arrive at the new writer within {waited_ms} ms")]
    ProbeMarkerNotSeen { waited_ms: Millis },
    /// Nothing was locked and no session was ended.
    #[error("{waited_ms} ms after the hold, writes from before the hold have not ended: {}", .what.join("; "))]
    WritesInFlight { waited_ms: Millis, what: Vec<String> },
    #[error("the old writer still has sessions or roles that can write, {waited_ms} ms after the hold: {}", .who.join("; "))]
    WritersRemain { waited_ms: Millis, who: Vec<String> },
    #[error("superuser sessions on the old writer cannot be locked out: {}", .who.join("; "))]
    SuperuserWriter { who: Vec<String> },
    #[error("prepared transactions are open on the old writer: {}", .gids.join(", "))]
    PreparedTransactions { gids: Vec<String> },
    #[error("catch-up marker {nonce} did not arrive on the other side within {waited_ms} ms")]
    MarkerNotSeen { nonce: String, waited_ms: Millis },
    #[error("catch-up marker {nonce} arrived {count} times on the other side")]
    MarkerDuplicated { nonce: String, count: u32 },
    #[error("lane {lane} is held by run {holder} (phase {phase}); this run is {run_id}")]
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
    #[error("lane {lane} has already committed; an abort never undoes a commit")]
    AlreadyCommitted { lane: String },
    #[error("{} sequence(s) of the new writer are not beyond those of the old writer: {}", .sequences.len(), .sequences.join(", "))]
    SequencesBehind { sequences: Vec<String> },
    #[error("{} table(s) differ: {}", .tables.len(), .tables.join(", "))]
    TablesDiffer { tables: Vec<String> },
    /// No difference is known.
    #[error("{} table(s) could not be compared: {}", .tables.len(), .tables.join(", "))]
    TablesNotCompared { tables: Vec<String> },
    #[error("reverse replication is not available: {reason}")]
    NoReverseReplication { reason: String },
    /// Nothing was changed.
    #[error(
        "a rollback has to stay possible for {left_h} h more, until the rollback window of {window_h} h is over"
    )]
    RollbackWindowOpen { left_h: u64, window_h: u32 },
    /// The lane has ruled out a rollback, and a further run goes on.
    #[error("the migration is completed at the lane, but something of it is left: {}", .what.join("; "))]
    LeftBehind { what: Vec<String> },
    #[error("the old writer is not locked: {reason}")]
    NotLocked { reason: String },
    #[error("{0}")]
    Unreachable(String),
    /// Crossover's role lacks a right.
    #[error("{0}")]
    Refused(String),
    /// A named object does not exist.
    #[error("{0}")]
    Missing(String),
    /// A statement took too long or was cancelled.
    #[error("{0}")]
    Timeout(String),
    /// A service refused a request; the reason is only in its message.
    #[error("{0}")]
    Rejected(String),
    /// A service gave an answer that contradicts its documentation.
    #[error("{0}")]
    UnexpectedAnswer(String),
    /// A fault of Crossover itself.
    #[error("{0}")]
    Internal(String),
}

/// One line for all findings with the same check, message and remedy. The objects stand last, because there
/// may be many.
fn list(findings: &[Finding]) -> String {
    let lines: Vec<String> = grouped(findings)
        .into_iter()
        .map(|group| {
            let (check, message, remedy) = (group.check, group.message, group.remedy);
            match group.objects.as_slice() {
                [object] => format!("{check} {object}: {message}; {remedy}"),
                objects => format!(
                    "{check}, {} objects: {message}; {remedy}. Objects: {}",
                    objects.len(),
                    objects.join(", ")
                ),
            }
        })
        .collect();
    lines.join("\n")
}

impl ErrorName {
    /// The name that `Retry` and `Catch` of the state machines use.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Retry class and remedy. There is no `_` arm, so that every new error needs both.
    const fn policy(self) -> (RetryClass, &'static str) {
        use RetryClass::{Again, Later, Never};
        match self {
            Self::InvalidPlan => (Never, "correct the named fields of the plan"),
            Self::ChecksFailed => (Never, "follow the remedy of each finding, then start again"),
            Self::ChecksCouldNotRun => (
                Again,
                "make the named servers reachable and give Crossover's role the named rights, then start again",
            ),
            Self::ReplicationNotReady => (
                Never,
                "correct the replication task, or end the named transaction, then start again",
            ),
            Self::TooBusy => (
                Later,
                "start again when the named load is lower, or raise the limit that the message names",
            ),
            Self::ProbeMarkerNotSeen => (
                Later,
                "add the table crossover.catch_up_marker to the replication task's table mappings if it is missing there, and \
                 correct the task's errors, then start again",
            ),
            Self::WritesInFlight => (
                Later,
                "start again at a time with less load, or raise limits.drain_grace_ms; on_stragglers = \"end\" in the plan ends such \
                 writes, with an error for their clients",
            ),
            Self::WritersRemain => (
                Later,
                "stop the programs of the named sessions, or raise limits.drain_ms; take back what lets the named roles in \
                 (alter role ... nologin, or revoke connect on database ...), then start again",
            ),
            Self::SuperuserWriter => (
                Never,
                "stop the programs of the named sessions, or give them a role without SUPERUSER; disable named subscriptions \
                 (alter subscription ... disable) and stop the jobs of named workers, then start again",
            ),
            Self::PreparedTransactions => (
                Never,
                "end the named transactions with commit prepared or rollback prepared, then start again",
            ),
            Self::MarkerNotSeen => (
                Later,
                "check the replication task's latency and errors and correct them, then start again",
            ),
            Self::MarkerDuplicated => (
                Never,
                "the change stream applies changes more than once: correct the replication task, and compare all tables with \
                 crossover verify",
            ),
            Self::LaneInUse => (
                Never,
                "wait until the named run ends, or abort it, then start again",
            ),
            Self::LaneRefused => (
                Never,
                "read the lane's audit log for the commands that came before",
            ),
            Self::LaneAborted => (
                Later,
                "the old writer still serves; correct the cause of the abort, then start again",
            ),
            Self::AlreadyCommitted => (
                Never,
                "let the run roll forward; to return to the old writer, start the rollback",
            ),
            Self::SequencesBehind => (
                Never,
                "grant Crossover's role UPDATE on the named sequences of the new writer, then start again",
            ),
            Self::TablesDiffer => (
                Never,
                "show the rows with crossover verify, and repair them before a cutover",
            ),
            Self::TablesNotCompared => (
                Never,
                "remove the named causes, or add the tables to scope.exclude of the plan",
            ),
            Self::NoReverseReplication => (Never, "correct reverse replication, then run the stage again"),
            Self::RollbackWindowOpen => (
                Later,
                "wait until the window is over; rollback_window_h in the plan sets its length in hours",
            ),
            Self::LeftBehind => (
                Again,
                "stop what still uses the named objects, then start crossover complete again",
            ),
            Self::NotLocked => (
                Never,
                "run connection-drain before final-sync, as the state machine does",
            ),
            Self::Unreachable => (
                Again,
                "make the named server or service reachable, then start again",
            ),
            Self::Refused => (Never, "grant Crossover's role the right that the message names"),
            Self::Missing => (Never, "create the named object, or correct its name in the plan"),
            Self::Timeout => (
                Never,
                "end the session or transaction that blocks the named object, then start again",
            ),
            Self::Rejected => (Never, "remove the cause that the message names, then start again"),
            Self::UnexpectedAnswer => (
                Never,
                "check that the named service has a supported version; if it has, report the message",
            ),
            Self::Internal => (Never, "report the message: this is a fault of Crossover"),
        }
    }

    pub const fn retry(self) -> RetryClass {
        self.policy().0
    }

    /// What the operator has to do.
    pub const fn remedy(self) -> &'static str {
        self.policy().1
    }
}

impl StageError {
    /// In the order of the variants.
    pub const NAMES: &'static [&'static str] = ErrorName::VARIANTS;

    /// Every kind of error, for tests and documents that cover all of them.
    pub fn all() -> impl Iterator<Item = ErrorName> {
        ErrorName::iter()
    }

    /// The name that `Retry` and `Catch` of the state machines use.
    pub fn name(&self) -> &'static str {
        ErrorName::from(self).name()
    }

    pub fn retry(&self) -> RetryClass {
        ErrorName::from(self).retry()
    }

    /// What the operator has to do.
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
            PortError::Unreachable { .. } | PortError::ReadAgain { .. } => Self::Unreachable(text),
            PortError::Refused { about, .. } => match about {
                Refusal::NoRight => Self::Refused(text),
                Refusal::Stopped => Self::Timeout(text),
                Refusal::UnknownName => Self::Missing(text),
                Refusal::NotUnderstood | Refusal::Encoding | Refusal::OtherServer | Refusal::Other => {
                    Self::Rejected(text)
                }
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
    fn the_name_of_an_error_is_the_name_of_its_variant() {
        let names: Vec<&str> = StageError::all().map(ErrorName::name).collect();
        assert_eq!(names, StageError::NAMES);
        let error = StageError::InvalidPlan { faults: Vec::new() };
        assert_eq!(error.name(), "InvalidPlan");
    }

    #[test]
    fn every_cause_has_its_own_error_and_remedy() {
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
    fn only_the_remedies_for_missing_rights_ask_for_a_grant() {
        for name in StageError::all() {
            let grants = name.remedy().contains("grant");
            let may = matches!(name, ErrorName::Refused | ErrorName::SequencesBehind);
            assert!(may || !grants, "{name:?}: {}", name.remedy());
        }
    }

    #[test]
    fn late_and_duplicated_markers_have_their_own_errors() {
        let late = MarkerError::NotSeen {
            nonce: "n".into(),
            waited_ms: Millis(5),
        };
        assert_eq!(ends_as(late.into()), ("MarkerNotSeen", RetryClass::Later));
        let twice = MarkerError::Duplicated {
            nonce: "n".into(),
            count: 2,
        };
        assert_eq!(ends_as(twice.into()), ("MarkerDuplicated", RetryClass::Never));
    }

    #[test]
    fn findings_with_the_same_cause_share_one_line_that_names_all_objects() {
        let finding = |check: &str, object: &str, message: &str| Finding {
            check: check.into(),
            severity: crate::finding::Severity::Blocks,
            object: object.into(),
            message: message.into(),
            remedy: "correct it".into(),
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
            "3 pre-check finding(s) block the cutover: PG11, 2 objects: has no primary key; correct it. Objects: shop.a, shop.b\n\
             PG35 shop.a: hides rows; correct it"
        );
    }
}
