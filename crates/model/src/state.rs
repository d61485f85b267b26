//! The whole world at one moment.

use std::sync::Arc;

use crossover_routing::{
    Barrier, Command, Epoch, LaneRecord, Millis, Phase, Refusal, Side, UnixMillis, lane::SERVE_LEASE,
};

use crate::{databases::Databases, edge::Isolate, orchestrator::Orchestrator};

/// One step of the clock: as long as a report may take ([`crossover_routing::traffic::REPORT_LEAD`]).
pub const TICK: Millis = Millis(250);
/// The lease of the modelled lane.
pub const LEASE: Millis = Millis(500);
/// The clock at the beginning.
pub const BEGIN: UnixMillis = UnixMillis(100_000);

/// One instance of the lane's Durable Object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instance {
    pub record: Arc<LaneRecord>,
    pub barrier: Arc<Barrier>,
}

/// Where a client's write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// With the client, or waiting in the isolate for a lease.
    Client,
    /// Held at the edge.
    Held,
    /// At the API of a side, which waits for a session.
    Api(Side),
    /// In an open transaction of a side.
    Open(Side),
    /// Its transaction has committed.
    Done,
    /// It will not be executed any more.
    Gone,
}

/// What the client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    Nothing,
    Acknowledged,
    /// The application's database refused it, or ended its session.
    Failed,
    /// 503 with "not executed".
    NotExecuted,
    /// The connection broke.
    Unknown,
}

/// A client's write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Write {
    pub place: Place,
    pub told: Told,
    /// A planted fault sends it a second time, to this side.
    pub again: Option<Side>,
}

impl Write {
    /// Forwarded, and the isolate waits for the answer.
    pub const fn in_flight(self) -> bool {
        matches!(
            (self.place, self.told),
            (Place::Api(_) | Place::Open(_), Told::Nothing)
        )
    }
}

/// What must never have happened on the way to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Past {
    /// Bits: the runs whose commit, and whose abort, the lane has accepted.
    pub committed: u8,
    pub aborted: u8,
    pub committed_without_proof: bool,
    pub unlocked_without_abort: bool,
    pub epoch_fell: bool,
}

/// The whole world.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub now: UnixMillis,
    /// The newest instance of the lane: its record is the stored one.
    pub lane: Instance,
    /// An older instance that still answers from what it remembers.
    pub zombie: Option<Instance>,
    pub databases: Databases,
    pub isolates: Vec<Isolate>,
    pub writes: Vec<Write>,
    pub orchestrators: Vec<Orchestrator>,
    /// A command that its sender has given up, and that may still arrive.
    pub late: Option<(Epoch, Command)>,
    /// How much may still go wrong.
    pub faults: u8,
    /// The lag as a planted fault has measured it last.
    pub lag: usize,
    pub past: Past,
}

/// The bit of a run.
pub const fn bit(run: u8) -> u8 {
    1 << run
}

/// The run's name at the lane.
pub fn name(run: u8) -> String {
    format!("run-{run}")
}

impl State {
    /// The compare-and-set at the newest instance; every call first enforces the deadline, as the object does.
    pub fn change(&mut self, expected: Epoch, command: &Command) -> Result<Arc<LaneRecord>, Refusal> {
        self.enforce_deadline();
        self.apply(expected, command)
    }

    /// Whether the lane's alarm has something to do.
    pub fn deadline_passed(&self) -> bool {
        // Asked at every state: a look at the record spares a refusal with its text.
        let deadline = self.lane.record.hold_deadline_ms;
        deadline.is_some_and(|deadline| self.now >= deadline)
            && self.lane.record.next(&Command::DeadlinePassed, self.now).is_ok()
    }

    pub fn enforce_deadline(&mut self) {
        if self.deadline_passed() {
            // Refused it changes nothing.
            drop(self.apply(self.lane.record.epoch, &Command::DeadlinePassed));
        }
    }

    fn apply(&mut self, expected: Epoch, command: &Command) -> Result<Arc<LaneRecord>, Refusal> {
        let before = &self.lane.record;
        let after = Arc::new(before.apply(expected, command, self.now)?);
        self.past.epoch_fell |= after.epoch <= before.epoch;
        let run = after.run_id.as_deref().and_then(number);
        let cuts_over = !before.phase.is_serving();
        if let Some(run) = run {
            if after.phase == Phase::Committed {
                self.past.committed |= bit(run);
                self.past.committed_without_proof |=
                    !self.databases.is_caught_up(run) || self.databases.takes_writes(self.databases.old);
            }
            if after.phase == Phase::Aborting || (!cuts_over && matches!(command, Command::Abort { .. })) {
                self.past.aborted |= bit(run);
            }
        }
        self.lane.record = Arc::clone(&after);
        Ok(after)
    }

    /// Unlocks the old writer in the name of a run.
    pub fn unlock(&mut self, run: u8) {
        if self.databases.restore(run) {
            self.past.unlocked_without_abort |= self.past.aborted & bit(run) == 0;
        }
    }

    /// Everybody has ended.
    pub fn is_over(&self) -> bool {
        self.orchestrators.iter().all(Orchestrator::has_ended)
    }

    /// Forgets what can no longer matter, so that states that differ in nothing else are one.
    pub fn forget(&mut self) {
        if self
            .late
            .as_ref()
            .is_some_and(|(expected, _)| *expected < self.lane.record.epoch)
        {
            // The epoch only grows: it will be refused.
            self.late = None;
        }
        let decided = self.past.committed | self.past.aborted;
        if self.orchestrators.iter().any(|it| decided & bit(it.run) == 0) {
            return;
        }
        // Nobody arms any more: nobody asks the barrier, and an isolate without a write has nothing to do.
        self.lane.barrier = quiet();
        for (isolate, write) in self.isolates.iter_mut().zip(&self.writes) {
            if matches!(write.place, Place::Done | Place::Gone) {
                *isolate = Isolate::default();
            } else {
                isolate.forget_reports(write.place == Place::Client);
            }
        }
    }

    pub fn in_flight(&self, isolate: usize) -> u32 {
        u32::from(self.writes[isolate].in_flight())
    }
}

fn number(run: &str) -> Option<u8> {
    run.strip_prefix("run-")?.parse().ok()
}

/// A lane whose old writer serves, and that knows its isolates.
pub fn serving(old: Side) -> LaneRecord {
    LaneRecord {
        phase: old.served(),
        writer: old,
        lease_ttl_ms: LEASE,
        ..LaneRecord::new("main")
    }
}

/// An instance of the lane that has run for long.
pub fn instance(record: LaneRecord) -> Instance {
    Instance {
        record: Arc::new(record),
        barrier: quiet(),
    }
}

/// A barrier of an instance that has run for long and knows no isolate.
fn quiet() -> Arc<Barrier> {
    Arc::new(Barrier::new(UnixMillis(BEGIN.0 - SERVE_LEASE.0 - TICK.0)))
}
