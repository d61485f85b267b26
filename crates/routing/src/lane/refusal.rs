//! Why a command is not accepted.

use super::{Epoch, Phase};
use crate::time::UnixMillis;

/// Why a command was not accepted. The lane is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The lane has changed since the caller looked.
    #[error("the lane is at epoch {actual}, not at {expected}: read the lane again and decide anew")]
    EpochMismatch {
        /// What the caller expected.
        expected: Epoch,
        /// What the lane is at.
        actual: Epoch,
    },
    /// The command does not belong to the phase.
    #[error("{command} is not possible in phase {phase}")]
    IllegalTransition {
        /// Where the lane stands.
        phase: Phase,
        /// What was asked.
        command: &'static str,
    },
    /// Another run owns the lane.
    #[error("the lane belongs to run {owner}, not to {caller}")]
    WrongRun {
        /// The run that armed the lane.
        owner: String,
        /// The run that asked.
        caller: String,
    },
    /// The moment the command needs has not come.
    #[error("{command} is possible from {from_ms} on, it is {now_ms} (Unix milliseconds)")]
    TooEarly {
        /// What was asked.
        command: &'static str,
        /// The earliest moment.
        from_ms: UnixMillis,
        /// The lane's clock.
        now_ms: UnixMillis,
    },
    /// The hold's deadline is over: only abort is left.
    #[error("{command} came at {now_ms}, the hold's deadline was {deadline_ms} (Unix milliseconds): abort")]
    DeadlineOver {
        /// What was asked.
        command: &'static str,
        /// The deadline.
        deadline_ms: UnixMillis,
        /// The lane's clock.
        now_ms: UnixMillis,
    },
    /// The run has ended at this lane: a run arms once.
    #[error("run {run_id} is over at this lane: start another one under a run_id of its own")]
    RunOver {
        /// The run that asked.
        run_id: String,
    },
    /// An arm whose plan cannot be kept.
    #[error("the schedule cannot be kept: {reason}")]
    BadSchedule {
        /// What is wrong with it.
        reason: String,
    },
}

impl Refusal {
    /// The stable name in the admin API's 409 answers.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EpochMismatch { .. } => "epoch_mismatch",
            Self::IllegalTransition { .. } => "illegal_transition",
            Self::WrongRun { .. } => "wrong_run",
            Self::TooEarly { .. } => "too_early",
            Self::DeadlineOver { .. } => "deadline_over",
            Self::RunOver { .. } => "run_over",
            Self::BadSchedule { .. } => "bad_schedule",
        }
    }
}
