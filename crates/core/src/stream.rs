//! The streams of changes between the two databases of a migration.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Direction, routing::Side};

/// One stream, by its role in a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Source to target. This stream exists and runs before a cutover starts.
    Forward,
    /// Target to source. A cutover creates this stream; a rollback uses and then removes it.
    Reverse,
    /// Source to target. A rollback creates this stream, so that the target follows the source again.
    PostRollback,
}

impl Stream {
    /// Every stream that a migration can have.
    pub const ALL: [Self; 3] = [Self::Forward, Self::Reverse, Self::PostRollback];

    /// The stream that carries changes while a run in this direction is under way.
    pub const fn of_run(direction: Direction) -> Self {
        match direction {
            Direction::Forward => Self::Forward,
            Direction::Reverse => Self::Reverse,
        }
    }

    /// The stream that carries changes back after a run in this direction has committed.
    pub const fn back_after(direction: Direction) -> Self {
        match direction {
            Direction::Forward => Self::Reverse,
            Direction::Reverse => Self::PostRollback,
        }
    }

    /// The side whose changes the stream reads.
    pub const fn reads(self) -> Side {
        match self {
            Self::Forward | Self::PostRollback => Side::Source,
            Self::Reverse => Side::Target,
        }
    }

    /// The side that the stream writes to.
    pub const fn writes(self) -> Side {
        self.reads().other()
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forward => "forward replication",
            Self::Reverse => "reverse replication",
            Self::PostRollback => "post-rollback replication",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_and_the_stream_back_carry_changes_in_opposite_directions() {
        for direction in [Direction::Forward, Direction::Reverse] {
            let (run, back) = (Stream::of_run(direction), Stream::back_after(direction));
            assert_eq!(
                (run.reads(), run.writes()),
                (direction.old_writer(), direction.new_writer())
            );
            assert_eq!(
                (back.reads(), back.writes()),
                (direction.new_writer(), direction.old_writer())
            );
        }
    }
}
