//! What each error means and what the run did, for people who look up a name.

use super::ErrorName;

/// Before anything was changed.
const REFUSED: &str = "The run ended. Nothing was changed, and the old writer serves as before.";
/// During the preparation or the pause.
const ABORTED: &str = "The run aborted: the lane went back to the old writer, held writes were sent there, and everything the run had changed was undone.";
/// In any stage.
const BY_PLACE: &str = "Before the preparation the run ended and nothing was changed. From the preparation until the commit it aborted and undid \
     what it had changed. After the commit it goes forward.";

impl ErrorName {
    /// What the error means, in one or two sentences.
    pub const fn meaning(self) -> &'static str {
        self.explained().0
    }

    /// What the run did about it.
    pub const fn consequence(self) -> &'static str {
        self.explained().1
    }

    /// There is no `_` arm, so that every new error is explained.
    const fn explained(self) -> (&'static str, &'static str) {
        match self {
            Self::RollbackWindowOpen => (
                "A completion was asked for while a rollback has to stay possible: the lane has not served long enough since the cutover.",
                "The run ended. Nothing was changed, and a rollback is possible as before.",
            ),
            Self::LeftBehind => (
                "A completion has removed what it could, and a stream or a retained position is still there.",
                "The lane is completed and serves on; no rollback is possible. The same completion can be started again and removes the rest.",
            ),
            Self::InvalidPlan => (
                "The plan, or the input of a stage, has faults. The message names all of them.",
                REFUSED,
            ),
            Self::ChecksFailed => (
                "Pre-checks have findings that block the cutover. The message names every finding with its object and its remedy.",
                REFUSED,
            ),
            Self::ChecksCouldNotRun => (
                "Pre-checks could not run, so their results are unknown. Unknown never counts as passed.",
                REFUSED,
            ),
            Self::ReplicationNotReady => (
                "The change stream between the two databases does not run, has not loaded everything, or lags too far behind.",
                REFUSED,
            ),
            Self::TooBusy => (
                "The load left no room for a pause within the limits of the plan for as long as lag-wait may wait.",
                REFUSED,
            ),
            Self::ProbeMarkerNotSeen => (
                "A catch-up marker that was written as a probe, before any write was held, did not arrive at the new writer in time.",
                REFUSED,
            ),
            Self::WritesInFlight => (
                "Writes from before the hold did not end within the grace. Nothing was locked and no session was ended.",
                ABORTED,
            ),
            Self::WritersRemain => (
                "Sessions that can write were still there at the old writer when the time of the drain was over, or roles were let in again after the lock.",
                ABORTED,
            ),
            Self::SuperuserWriter => (
                "Sessions, background workers or subscriptions of superusers can write to the old writer. Superusers cannot be locked out, so their writes could be lost.",
                BY_PLACE,
            ),
            Self::PreparedTransactions => (
                "Transactions are prepared on the old writer. They can still commit after writers are locked out.",
                BY_PLACE,
            ),
            Self::MarkerNotSeen => (
                "The catch-up marker did not arrive at the new writer in time, so it is not proven that every change has arrived.",
                BY_PLACE,
            ),
            Self::MarkerDuplicated => (
                "The catch-up marker arrived more than once, so the change stream applies changes more than once.",
                BY_PLACE,
            ),
            Self::LaneInUse => (
                "Another run holds the lane. Only one run can change a lane at a time.",
                BY_PLACE,
            ),
            Self::LaneRefused => (
                "The lane refused a command, because the lane is not in the phase or epoch that the command expects.",
                BY_PLACE,
            ),
            Self::LaneAborted => (
                "The lane was aborted before the commit, by its own deadline or by another command.",
                ABORTED,
            ),
            Self::AlreadyCommitted => (
                "The lane has already committed. An abort never undoes a commit.",
                "The new writer serves, and the run goes forward.",
            ),
            Self::SequencesBehind => (
                "Sequences of the new writer are not beyond those of the old writer, so ids could be issued twice.",
                ABORTED,
            ),
            Self::TablesDiffer => (
                "Rows differ between the two databases. The message names the tables.",
                "Before the cutover the run ended and nothing was changed. After the commit the run ends as DifferentAfterCommit: the new writer \
                 serves.",
            ),
            Self::TablesNotCompared => (
                "Tables could not be compared. No difference is known, but unknown never counts as equal.",
                "Before the cutover the run ended and nothing was changed. After the commit the run ends as UnprovenAfterCommit: the new writer \
                 serves.",
            ),
            Self::NoReverseReplication => (
                "Reverse replication cannot be prepared or started, or does not run. Without it a rollback would lose writes.",
                "Before the commit the run aborted, or refused to start. After the commit the new writer serves, and the run ends as \
                 CommittedWithoutReverseReplication.",
            ),
            Self::NotLocked => (
                "The old writer is not locked, so the commit was refused: a write could still reach it.",
                ABORTED,
            ),
            Self::Unreachable => (
                "A server or service gave no answer, or the connection broke.",
                BY_PLACE,
            ),
            Self::Refused => ("Crossover's role lacks a right. The message names it.", BY_PLACE),
            Self::Missing => (
                "An object that the plan or a stage names does not exist.",
                BY_PLACE,
            ),
            Self::Timeout => (
                "A statement took too long or was cancelled, mostly because a lock was held by another session.",
                BY_PLACE,
            ),
            Self::Rejected => (
                "A server or service refused a request. Its own message has the reason.",
                BY_PLACE,
            ),
            Self::UnexpectedAnswer => (
                "A server or service gave an answer that contradicts its documentation, so Crossover does not rely on it.",
                BY_PLACE,
            ),
            Self::Internal => ("A fault of Crossover itself.", BY_PLACE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StageError;

    #[test]
    fn every_error_has_a_meaning_of_its_own_in_whole_sentences() {
        let mut meanings: Vec<&str> = StageError::all().map(ErrorName::meaning).collect();
        for name in StageError::all() {
            for text in [name.meaning(), name.consequence()] {
                assert!(text.ends_with('.') && text.len() > 20, "{name:?}: {text}");
            }
        }
        meanings.sort_unstable();
        assert!(meanings.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
