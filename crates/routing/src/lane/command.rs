//! The changes that may be asked of a lane.

use serde::{Deserialize, Serialize};

use super::{HeldWrites, Mode, Side};
use crate::{
    share::ReadShare,
    time::{Millis, UnixMillis},
};

/// The changes an orchestrator may request of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Announce a cutover.
    Arm {
        /// The run that owns the lane from now on.
        run_id: String,
        /// The side that is to become the writer.
        towards: Side,
        /// When writes begin to be held (Unix milliseconds), at least one lease from now.
        hold_at_ms: UnixMillis,
        /// When the cutover is aborted if it has not committed (Unix milliseconds).
        hold_deadline_ms: UnixMillis,
        /// The writes that are held; a lane of an older version holds all, and knows no such field.
        #[serde(default, skip_serializing_if = "HeldWrites::are_all")]
        hold: HeldWrites,
    },
    /// `hold_at_ms` has passed: the drain may begin.
    Hold {
        /// The run that armed the lane.
        run_id: String,
    },
    /// Make the other side the writer: the point of no return.
    Commit {
        /// The run that armed the lane.
        run_id: String,
    },
    /// The writer's database is open: release the held writes.
    Release {
        /// The run that armed the lane.
        run_id: String,
    },
    /// Abort the cutover; only before the commit.
    Abort {
        /// The run that armed the lane.
        run_id: String,
    },
    /// End the migration, whose target serves. Replication and retained positions are removed afterwards, so from here on the
    /// lane refuses every arm.
    Complete {
        /// A run of its own; the lane's from now on.
        run_id: String,
    },
    /// Let the target answer a share of the reads while the source is the writer, or set another share.
    SetReads {
        /// The share (percent, in steps of 0.01); 0 leaves the directory's exceptions in force.
        percent: ReadShare,
        /// How long a client that has written reads from the writer (milliseconds).
        pin_ms: Millis,
    },
    /// Let the writer answer all reads again.
    EndReads,
    /// Send a share of the reads to the target too, to compare the answers; only while the source serves. 0 ends it.
    SetShadow { percent: ReadShare },
    /// Serve reads only, or less, or everything again; while a side serves.
    SetMode { mode: Mode },
    /// The lane's own alarm at `hold_deadline_ms`. Never accepted over HTTP.
    DeadlinePassed,
}

impl Command {
    /// The name used in JSON, messages and the audit log.
    pub const fn name(&self) -> &'static str {
        self.into_str()
    }

    /// The run that sends the command; none for the alarm and for what belongs to no run.
    pub fn run_id(&self) -> Option<&str> {
        match self {
            Self::Arm { run_id, .. }
            | Self::Hold { run_id }
            | Self::Commit { run_id }
            | Self::Release { run_id }
            | Self::Abort { run_id }
            | Self::Complete { run_id } => Some(run_id),
            Self::SetReads { .. }
            | Self::EndReads
            | Self::SetShadow { .. }
            | Self::SetMode { .. }
            | Self::DeadlinePassed => None,
        }
    }
}
