//! Reasons why a lane refuses a command.

use super::{Epoch, MAX_PIN, Phase};
use crate::time::{Millis, UnixMillis};

/// Why a lane refused a command. The lane is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Refusal {
    /// The lane has changed since the caller read it.
    #[error("the lane is at epoch {actual}, not at {expected}: read the lane again and decide again")]
    EpochMismatch {
        /// The epoch in the command.
        expected: Epoch,
        /// The lane's epoch.
        actual: Epoch,
    },
    #[error("{command} is not possible in phase {phase}")]
    IllegalTransition { phase: Phase, command: &'static str },
    #[error("the lane belongs to run {owner}, not to {caller}")]
    WrongRun {
        /// The run that armed the lane.
        owner: String,
        /// The run that asked.
        caller: String,
    },
    /// The command is too early.
    #[error("{command} is possible from {from_ms} on, it is {now_ms} (Unix milliseconds)")]
    TooEarly {
        command: &'static str,
        /// The earliest accepted time.
        from_ms: UnixMillis,
        /// Time by the lane's clock.
        now_ms: UnixMillis,
    },
    /// The hold's deadline has passed: only an abort is still accepted.
    #[error(
        "{command} arrived at {now_ms}, after the hold's deadline {deadline_ms} (Unix milliseconds): abort"
    )]
    DeadlineOver {
        command: &'static str,
        deadline_ms: UnixMillis,
        /// Time by the lane's clock.
        now_ms: UnixMillis,
    },
    /// The run has ended at this lane: a run can arm only once.
    #[error("run {run_id} is over at this lane: start a new run with a new run_id")]
    RunOver { run_id: String },
    /// A rollback is no longer possible, and nothing to complete.
    #[error(
        "the migration is completed: reverse replication is removed, so the source can no longer become the writer"
    )]
    Completed,
    /// The pin of a share of reads is none.
    #[error("pin_ms {pin_ms} is not from 1 to {MAX_PIN} (milliseconds)")]
    BadPin { pin_ms: Millis },
    /// A deployment of the Worker is under way.
    #[error(
        "{builds} versions of the Worker serve this lane: arm when the deployment has ended, which the edge sees 5 s later"
    )]
    TwoVersions { builds: u32 },
    /// The times of an arm command contradict each other or the limits.
    #[error("the schedule is not possible: {reason}")]
    BadSchedule {
        /// All faults, joined.
        reason: String,
    },
}

impl Refusal {
    /// The stable name of the error in 409 answers of the admin API.
    pub const fn name(&self) -> &'static str {
        self.into_str()
    }
}
