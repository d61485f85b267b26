//! What a run does, and the words for it.

use crossover_core::Direction;

/// The kinds of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Cutover,
    Rollback,
    /// The end of the migration: an execution of the cutover's state machine whose input has [`COMPLETE`].
    Completion,
}

/// The field that makes an execution of the cutover's state machine a completion.
pub const COMPLETE: &str = "complete";

impl Kind {
    pub const fn of(direction: Direction, completes: bool) -> Self {
        match direction {
            Direction::Forward if completes => Self::Completion,
            Direction::Forward => Self::Cutover,
            Direction::Reverse => Self::Rollback,
        }
    }

    /// The direction of its stages.
    pub const fn direction(self) -> Direction {
        match self {
            Self::Cutover | Self::Completion => Direction::Forward,
            Self::Rollback => Direction::Reverse,
        }
    }

    pub const fn completes(self) -> bool {
        matches!(self, Self::Completion)
    }

    /// The word for such a run.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cutover => "cutover",
            Self::Rollback => "rollback",
            Self::Completion => "completion",
        }
    }

    /// The sub-command that starts and follows such a run.
    pub const fn sub_command(self) -> &'static str {
        match self {
            Self::Cutover => "run",
            Self::Rollback => "rollback",
            Self::Completion => "complete",
        }
    }
}
