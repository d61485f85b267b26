//! The lane record and its permitted changes.
//!
//! ```text
//! serve_X --arm--> armed --hold--> hold --commit--> committed --release--> serve_(other of X)
//!                    \--------------\--abort or deadline--> aborting --release--> serve_X
//! ```
//! `set_mode` serves less while a side serves; `set_reads` and `end_reads` change, while the source serves, which reads the target may answer; the phase stays.
//! `complete` ends the migration while the target serves: the phase stays, and nothing arms any more.
//!
//! Writes are held from `hold_at_ms` on, and in hold, committed and aborting. The commit is the point of no
//! return: [`Command::Commit`] and [`Command::Abort`] leave the same phase, so exactly one of them can
//! succeed.

mod command;
mod held_writes;
mod limits;
mod mode;
mod refusal;
mod target_reads;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use command::Command;
pub use held_writes::HeldWrites;
pub use limits::{ARMED_LEASE, MAX_HOLD, MAX_PIN, SERVE_LEASE};
pub use mode::Mode;
pub use refusal::Refusal;
pub use target_reads::TargetReads;

use crate::{
    share::ReadShare,
    time::{Millis, UnixMillis},
};

/// Run ids appear in headers, logs and audit entries: short and printable.
const MAX_RUN_ID: usize = 128;

/// One of the two databases, with the API in front of it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The database moved from.
    Source,
    /// The database moved to.
    Target,
}

impl Side {
    /// The opposite side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Source => Self::Target,
            Self::Target => Self::Source,
        }
    }

    /// The name used in JSON, headers and logs.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// The phase in which this side serves everything.
    pub const fn served(self) -> Phase {
        match self {
            Self::Source => Phase::ServeSource,
            Self::Target => Phase::ServeTarget,
        }
    }
}

/// A number that only grows: every accepted change of the lane raises it by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// State of a lane.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The source serves everything.
    ServeSource,
    /// A cutover is announced; writes are held from `hold_at_ms` on.
    Armed,
    /// Writes are held; commit or abort follows.
    Hold,
    /// The commit is done: the writer has changed. Writes are held until the new writer's database is open.
    Committed,
    /// The abort is decided. Writes are held until the writer's database is unlocked.
    Aborting,
    /// The target serves everything.
    ServeTarget,
}

impl Phase {
    /// The name used in JSON, headers and logs.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// One side serves everything and no cutover is under way.
    pub const fn is_serving(self) -> bool {
        matches!(self, Self::ServeSource | Self::ServeTarget)
    }
}

/// The state of one lane. Changed only by [`LaneRecord::apply`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LaneRecord {
    /// The lane's name.
    pub lane: String,
    /// The run that armed the lane last. Not cleared when the run ends.
    pub run_id: Option<String>,
    /// Raised by one with every accepted change.
    pub epoch: Epoch,
    pub phase: Phase,
    /// The one side that accepts writes.
    pub writer: Side,
    /// The side that is to become the writer (the source in a rollback); none while serving.
    pub towards: Option<Side>,
    /// From this time on isolates hold writes, by their own clocks (Unix milliseconds).
    pub hold_at_ms: Option<UnixMillis>,
    /// From this time on a commit is refused, and the alarm aborts (Unix milliseconds).
    pub hold_deadline_ms: Option<UnixMillis>,
    /// The writes that this cutover holds.
    #[serde(default, skip_serializing_if = "HeldWrites::are_all")]
    pub hold: HeldWrites,
    /// The lease while serving (milliseconds); [`LaneRecord::lease_ttl`] returns the lease in force.
    pub lease_ttl_ms: Millis,
    /// Since when the lane is in its phase (Unix milliseconds); none for a lane whose phase has never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase_since_ms: Option<UnixMillis>,
    /// The migration is completed: what a rollback needs may be gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub completed: bool,
    /// The reads that the target answers while the source is the writer; none: the writer answers all. A commit ends it:
    /// after a rollback the target may lack what the source has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_reads: Option<TargetReads>,
    /// The share of reads that are also sent to the target, to compare the answers. A commit ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ReadShare>,
    /// Set and ended by an operator only; a cutover does not change it.
    #[serde(default, skip_serializing_if = "Mode::is_normal")]
    pub mode: Mode,
}

impl LaneRecord {
    /// A new lane: the source serves, epoch 1.
    pub fn new(lane: impl Into<String>) -> Self {
        Self {
            lane: lane.into(),
            run_id: None,
            epoch: Epoch(1),
            phase: Phase::ServeSource,
            writer: Side::Source,
            towards: None,
            hold_at_ms: None,
            hold_deadline_ms: None,
            hold: HeldWrites::All,
            lease_ttl_ms: SERVE_LEASE,
            phase_since_ms: None,
            completed: false,
            target_reads: None,
            shadow: None,
            mode: Mode::Normal,
        }
    }

    /// How long a lease on this record is valid: shorter after a cutover is announced.
    pub fn lease_ttl(&self) -> Millis {
        if self.phase.is_serving() {
            self.lease_ttl_ms
        } else {
            self.lease_ttl_ms.min(ARMED_LEASE)
        }
    }

    /// The reads that the target answers in this phase; none if every read belongs to the writer.
    pub fn shared_reads(&self) -> Option<&TargetReads> {
        match self.phase {
            Phase::ServeSource | Phase::Armed => self.target_reads.as_ref(),
            // After a commit the target is the writer, and while requests are held reads wait with them.
            Phase::Hold | Phase::Committed | Phase::Aborting | Phase::ServeTarget => None,
        }
    }

    /// The share of reads that the target answers at `now`.
    pub fn read_share(&self, now: UnixMillis) -> Option<ReadShare> {
        let reads = self.shared_reads()?;
        (now >= reads.from_ms).then_some(reads.percent)
    }

    /// The share of reads that are also sent to the side that does not serve.
    pub fn shadowed_reads(&self) -> Option<ReadShare> {
        self.shadow.filter(|_| self.phase == Phase::ServeSource)
    }

    /// Whether a write that arrives at `now` has to wait.
    pub fn holds_writes(&self, now: UnixMillis) -> bool {
        match self.phase {
            Phase::ServeSource | Phase::ServeTarget => false,
            Phase::Armed => self.hold_at_ms.is_none_or(|hold_at_ms| now >= hold_at_ms),
            Phase::Hold | Phase::Committed | Phase::Aborting => true,
        }
    }

    /// The compare-and-set: the command's outcome if the lane is still at `expected`.
    pub fn apply(&self, expected: Epoch, command: &Command, now: UnixMillis) -> Result<Self, Refusal> {
        if expected == self.epoch {
            self.next(command, now)
        } else {
            Err(Refusal::EpochMismatch {
                expected,
                actual: self.epoch,
            })
        }
    }

    /// The record after `command`, or why the command is refused.
    pub fn next(&self, command: &Command, now: UnixMillis) -> Result<Self, Refusal> {
        let mut next = self.decided(command, now)?;
        if next.phase != self.phase {
            next.phase_since_ms = Some(now);
        }
        Ok(next)
    }

    fn decided(&self, command: &Command, now: UnixMillis) -> Result<Self, Refusal> {
        match (self.phase, command) {
            (
                Phase::ServeSource | Phase::ServeTarget,
                Command::Arm {
                    run_id,
                    towards,
                    hold_at_ms,
                    hold_deadline_ms,
                    hold,
                },
            ) => {
                self.check_not_over(run_id)?;
                if self.completed {
                    return Err(Refusal::Completed);
                }
                self.check_schedule(run_id, *towards, *hold_at_ms, *hold_deadline_ms, now)?;
                Ok(Self {
                    run_id: Some(run_id.clone()),
                    towards: Some(*towards),
                    hold_at_ms: Some(*hold_at_ms),
                    hold_deadline_ms: Some(*hold_deadline_ms),
                    hold: *hold,
                    ..self.moved_to(Phase::Armed)
                })
            }
            (Phase::Armed, Command::Hold { run_id }) => {
                self.check_owner(run_id)?;
                self.check_deadline(command, now)?;
                match self.hold_at_ms {
                    Some(hold_at_ms) if now >= hold_at_ms => Ok(self.moved_to(Phase::Hold)),
                    from => Err(too_early(command, from, now)),
                }
            }
            (Phase::Hold, Command::Commit { run_id }) => {
                self.check_owner(run_id)?;
                self.check_deadline(command, now)?;
                let Some(towards) = self.towards else {
                    return Err(self.illegal(command));
                };
                Ok(Self {
                    writer: towards,
                    target_reads: None,
                    shadow: None,
                    ..self.moved_to(Phase::Committed)
                })
            }
            (Phase::Armed | Phase::Hold, Command::Abort { run_id }) => {
                self.check_owner(run_id)?;
                Ok(self.moved_to(Phase::Aborting))
            }
            // A run that aborts before it has armed: the lane serves on, but the epoch rises and the run is
            // over, so that a late invocation of the run can no longer arm.
            (Phase::ServeSource | Phase::ServeTarget, Command::Abort { run_id }) => {
                self.check_not_over(run_id)?;
                check_run_id(run_id).map_err(|reason| Refusal::BadSchedule { reason })?;
                Ok(Self {
                    run_id: Some(run_id.clone()),
                    ..self.moved_to(self.phase)
                })
            }
            (Phase::ServeTarget, Command::Complete { run_id }) => {
                self.check_not_over(run_id)?;
                check_run_id(run_id).map_err(|reason| Refusal::BadSchedule { reason })?;
                if self.completed {
                    return Err(Refusal::Completed);
                }
                Ok(Self {
                    run_id: Some(run_id.clone()),
                    completed: true,
                    ..self.moved_to(self.phase)
                })
            }
            (Phase::ServeSource, Command::SetReads { percent, pin_ms }) => {
                if *pin_ms == Millis(0) || *pin_ms > MAX_PIN {
                    return Err(Refusal::BadPin { pin_ms: *pin_ms });
                }
                Ok(Self {
                    target_reads: Some(TargetReads::set(self.target_reads, *percent, *pin_ms, now)),
                    ..self.moved_to(self.phase)
                })
            }
            (Phase::ServeSource, Command::EndReads) => Ok(Self {
                target_reads: None,
                ..self.moved_to(self.phase)
            }),
            (Phase::ServeSource, Command::SetShadow { percent }) => Ok(Self {
                shadow: (!percent.is_none()).then_some(*percent),
                ..self.moved_to(self.phase)
            }),
            (Phase::ServeSource | Phase::ServeTarget, Command::SetMode { mode }) => Ok(Self {
                mode: *mode,
                ..self.moved_to(self.phase)
            }),
            (Phase::Armed | Phase::Hold, Command::DeadlinePassed) => match self.hold_deadline_ms {
                Some(deadline) if now >= deadline => Ok(self.moved_to(Phase::Aborting)),
                from => Err(too_early(command, from, now)),
            },
            (Phase::Committed | Phase::Aborting, Command::Release { run_id }) => {
                self.check_owner(run_id)?;
                Ok(Self {
                    towards: None,
                    hold_at_ms: None,
                    hold_deadline_ms: None,
                    hold: HeldWrites::All,
                    ..self.moved_to(self.writer.served())
                })
            }
            _ => Err(self.illegal(command)),
        }
    }

    fn moved_to(&self, phase: Phase) -> Self {
        Self {
            epoch: self.epoch.next(),
            phase,
            ..self.clone()
        }
    }

    fn illegal(&self, command: &Command) -> Refusal {
        Refusal::IllegalTransition {
            phase: self.phase,
            command: command.name(),
        }
    }

    fn check_owner(&self, caller: &str) -> Result<(), Refusal> {
        match &self.run_id {
            Some(owner) if owner == caller => Ok(()),
            owner => Err(Refusal::WrongRun {
                owner: owner.clone().unwrap_or_else(|| "(none)".to_owned()),
                caller: caller.to_owned(),
            }),
        }
    }

    /// A run is over once the lane serves again under its name: it has committed, or aborted.
    fn check_not_over(&self, caller: &str) -> Result<(), Refusal> {
        if self.run_id.as_deref() == Some(caller) {
            return Err(Refusal::RunOver {
                run_id: caller.to_owned(),
            });
        }
        Ok(())
    }

    fn check_deadline(&self, command: &Command, now: UnixMillis) -> Result<(), Refusal> {
        match self.hold_deadline_ms {
            Some(deadline_ms) if now < deadline_ms => Ok(()),
            deadline => Err(Refusal::DeadlineOver {
                command: command.name(),
                deadline_ms: deadline.unwrap_or_default(),
                now_ms: now,
            }),
        }
    }

    fn check_schedule(
        &self,
        run_id: &str,
        towards: Side,
        hold_at_ms: UnixMillis,
        hold_deadline_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<(), Refusal> {
        let mut reasons = Vec::new();
        reasons.extend(check_run_id(run_id).err());
        if towards == self.writer {
            reasons.push(format!("towards: the {towards} is already the writer"));
        }
        // Every lease issued before now has ended by then: no isolate can miss the hold.
        let earliest = now + self.lease_ttl_ms;
        if hold_at_ms < earliest {
            reasons.push(format!(
                "hold_at_ms {hold_at_ms} is less than one lease ({} ms) from now: earliest {earliest}",
                self.lease_ttl_ms
            ));
        }
        if hold_deadline_ms <= hold_at_ms {
            reasons.push(format!(
                "hold_deadline_ms {hold_deadline_ms} is not after hold_at_ms {hold_at_ms}"
            ));
        } else if hold_deadline_ms.since(hold_at_ms) > MAX_HOLD {
            reasons.push(format!(
                "hold_deadline_ms is {} ms after hold_at_ms, at most {MAX_HOLD} ms are allowed",
                hold_deadline_ms.since(hold_at_ms)
            ));
        }
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(Refusal::BadSchedule {
                reason: reasons.join("; "),
            })
        }
    }
}

fn check_run_id(run_id: &str) -> Result<(), String> {
    if run_id.is_empty() || run_id.len() > MAX_RUN_ID || !run_id.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!(
            "run_id must be 1 to {MAX_RUN_ID} printable ASCII characters without spaces"
        ));
    }
    Ok(())
}

fn too_early(command: &Command, from: Option<UnixMillis>, now: UnixMillis) -> Refusal {
    Refusal::TooEarly {
        command: command.name(),
        from_ms: from.unwrap_or(UnixMillis::MAX),
        now_ms: now,
    }
}

#[cfg(test)]
mod tests;
