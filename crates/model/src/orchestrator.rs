//! The stages' steps in their order, one call to the outside each: `lambdas/src/{connection_drain,final_sync,abort}.rs`.

use std::sync::Arc;

use crossover_routing::{Command, HeldWrites, LaneRecord, Phase, Side};

use crate::{
    scope::Mutation,
    state::{Place, State, TICK, Told, name},
};

/// A stage of the state machine, where a repetition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// connection-drain.
    Drain,
    /// An invocation of connection-drain that the state machine has given up: nobody hears how it ends.
    LateDrain,
    /// final-sync, before it is known that the run has committed.
    Sync,
    Abort,
    /// final-sync after an abort that found the commit.
    Forward,
}

/// The next step of an orchestrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    ReadLaneToDrain,
    Arm,
    AwaitHold,
    Hold,
    AwaitQuiet,
    AwaitTransactions,
    Lock,
    ReadLaneAfterLock,
    RemoveLateLock,
    EndSessions,
    LookForWriters,
    ReadLaneToSync,
    WriteMarker,
    AwaitMarker,
    Commit,
    Open,
    Release,
    ReadLaneToAbort,
    Abort,
    Unlock,
    ReleaseAborted,
    /// The stage has failed or was cut off. It is repeated, or the run is aborted.
    Failed(Stage),
    Ended,
}

/// One execution of the state machine, or somebody who invokes the abort.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Orchestrator {
    pub run: u8,
    pub step: Step,
    pub stage: Stage,
    /// The lane's record as it was read last.
    pub lane: Option<Arc<LaneRecord>>,
    /// The command whose answer did not come: the lane is read to learn whether it was accepted.
    pub unanswered: bool,
}

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    Answered,
    /// It has its effect, the answer is lost.
    AnswerLost,
    /// It is given up before it arrives; it may arrive later.
    Delayed,
    /// An older instance of the lane answers.
    ByZombie,
}

impl Stage {
    const fn first_step(self) -> Step {
        match self {
            Self::Drain | Self::LateDrain => Step::ReadLaneToDrain,
            Self::Sync | Self::Forward => Step::LookForWriters,
            Self::Abort => Step::ReadLaneToAbort,
        }
    }
}

impl Step {
    /// Changes the lane's record.
    pub const fn is_command(self) -> bool {
        matches!(
            self,
            Self::Arm | Self::Hold | Self::Commit | Self::Release | Self::Abort | Self::ReleaseAborted
        )
    }

    /// Only looks at the lane.
    pub const fn reads_lane(self) -> bool {
        matches!(
            self,
            Self::ReadLaneToDrain
                | Self::ReadLaneAfterLock
                | Self::ReadLaneToSync
                | Self::ReadLaneToAbort
                | Self::AwaitQuiet
        )
    }

    /// Waits for something, at most for a limit of the plan.
    pub const fn waits(self) -> bool {
        matches!(
            self,
            Self::AwaitQuiet | Self::AwaitTransactions | Self::AwaitMarker
        )
    }
}

impl Orchestrator {
    pub const fn new(run: u8, stage: Stage) -> Self {
        Self {
            run,
            step: stage.first_step(),
            stage,
            lane: None,
            unanswered: false,
        }
    }

    pub const fn has_ended(&self) -> bool {
        matches!(self.step, Step::Ended)
    }

    pub fn begin(&mut self, stage: Stage) {
        *self = Self::new(self.run, stage);
    }

    fn is_ours(&self, record: &LaneRecord) -> bool {
        record.run_id.as_deref() == Some(name(self.run).as_str())
    }

    fn has_committed(&self, record: &LaneRecord, old: Side) -> bool {
        self.is_ours(record)
            && (record.phase == Phase::Committed
                || (record.phase == old.other().served() && record.writer == old.other()))
    }

    /// Nothing of the stage is done yet.
    pub fn begins(&self) -> bool {
        self.step == self.stage.first_step()
    }

    /// The invocation ends, or its last answer is lost.
    pub const fn cut_off(&mut self) {
        self.step = Step::Failed(self.stage);
        self.unanswered = false;
    }

    /// An error that a repetition would meet again: before the commit it leads to the abort.
    fn fail(&mut self) {
        match self.stage {
            Stage::Drain | Stage::Sync => self.begin(Stage::Abort),
            Stage::Abort | Stage::Forward => self.cut_off(),
            Stage::LateDrain => self.end(),
        }
    }

    fn end(&mut self) {
        self.lane = None;
        self.step = Step::Ended;
    }

    fn command(&self, state: &State) -> Option<Command> {
        let run_id = name(self.run);
        Some(match self.step {
            Step::Arm => {
                let record = self.lane.as_ref()?;
                // One lease and a margin.
                let hold_at_ms = state.now + record.lease_ttl_ms + TICK;
                Command::Arm {
                    run_id,
                    towards: state.databases.old.other(),
                    hold_at_ms,
                    hold_deadline_ms: hold_at_ms + TICK * 2,
                    hold: HeldWrites::All,
                }
            }
            Step::Hold => Command::Hold { run_id },
            Step::Commit => Command::Commit { run_id },
            Step::Release | Step::ReleaseAborted => Command::Release { run_id },
            Step::Abort => Command::Abort { run_id },
            _ => return None,
        })
    }
}

impl State {
    /// Whether the step can be done now: a wait is over.
    pub fn is_ready(&self, who: usize, mutation: Option<Mutation>) -> bool {
        let orchestrator = &self.orchestrators[who];
        match orchestrator.step {
            Step::AwaitHold => orchestrator
                .lane
                .as_ref()
                .is_some_and(|lane| lane.hold_at_ms.is_none_or(|hold_at| self.now >= hold_at)),
            Step::AwaitQuiet | Step::AwaitTransactions if mutation == Some(Mutation::BarrierIgnored) => true,
            Step::AwaitQuiet => self.lane.barrier.traffic(&self.lane.record, self.now).is_quiet(),
            Step::AwaitTransactions => !self.has_open_transaction(),
            Step::AwaitMarker => match mutation {
                Some(Mutation::NoMarkerAwaited) => true,
                Some(Mutation::TrustLag) => self.lag == 0,
                _ => self.databases.marker_arrived(orchestrator.run),
            },
            Step::Failed(_) | Step::Ended => false,
            _ => true,
        }
    }

    fn has_open_transaction(&self) -> bool {
        let open = Place::Open(self.databases.old);
        self.writes.iter().any(|write| write.place == open)
    }

    /// Does the next step of an orchestrator.
    pub fn work(&mut self, who: usize, way: Way, mutation: Option<Mutation>) -> bool {
        if way == Way::AnswerLost || way == Way::Delayed {
            self.faults -= 1;
        }
        let mut it = self.orchestrators[who].clone();
        let done = if it.step.is_command() {
            self.send(&mut it, way);
            true
        } else if it.step.reads_lane() {
            self.read(&mut it, way == Way::ByZombie, mutation)
        } else {
            self.work_at_databases(&mut it, mutation);
            true
        };
        self.orchestrators[who] = it;
        done
    }

    /// Sends a command; where the answer is missing, reads the lane to learn the outcome.
    fn send(&mut self, it: &mut Orchestrator, way: Way) {
        let (Some(command), Some(record)) = (it.command(self), it.lane.clone()) else {
            return it.fail();
        };
        if it.unanswered {
            it.unanswered = false;
            self.enforce_deadline();
            let now = Arc::clone(&self.lane.record);
            let accepted = it.is_ours(&now)
                && now.epoch == record.epoch.next()
                && record
                    .next(&command, self.now)
                    .is_ok_and(|next| next.phase == now.phase);
            return if accepted { accept(it, now) } else { it.cut_off() };
        }
        match way {
            Way::Answered => match self.change(record.epoch, &command) {
                Ok(record) => accept(it, record),
                Err(_) => refuse(it),
            },
            Way::AnswerLost => {
                // Whether it was accepted is what the next look has to tell.
                drop(self.change(record.epoch, &command));
                it.unanswered = true;
            }
            Way::Delayed => {
                self.late = Some((record.epoch, command));
                it.unanswered = true;
            }
            Way::ByZombie => {
                self.zombie = None;
                it.unanswered = true;
            }
        }
    }

    fn read(&mut self, it: &mut Orchestrator, by_zombie: bool, mutation: Option<Mutation>) -> bool {
        let Some((instance, now)) = self.instance(by_zombie) else {
            return false;
        };
        let record = Arc::clone(&instance.record);
        if it.step == Step::AwaitQuiet {
            let quiet = instance.barrier.traffic(&record, now).is_quiet();
            if quiet || mutation == Some(Mutation::BarrierIgnored) {
                it.step = Step::AwaitTransactions;
                return true;
            }
            return false;
        }
        let old = self.databases.old;
        let committed = it.has_committed(&record, old);
        let ours = it.is_ours(&record);
        let held = it.lane.as_ref().map_or(record.epoch, |lane| lane.epoch);
        it.lane = Some(Arc::clone(&record));
        match it.step {
            Step::ReadLaneToDrain => match record.phase {
                Phase::ServeSource | Phase::ServeTarget if record.writer == old => it.step = Step::Arm,
                Phase::Armed if ours => it.step = Step::AwaitHold,
                Phase::Hold if ours => it.step = Step::AwaitQuiet,
                _ => it.fail(),
            },
            Step::ReadLaneAfterLock => {
                if record.epoch == held {
                    it.step = Step::EndSessions;
                } else if record.epoch < held
                    || committed
                    || record.writer != old
                    || mutation == Some(Mutation::LateLockStays)
                {
                    it.fail();
                } else {
                    it.step = Step::RemoveLateLock;
                }
            }
            Step::ReadLaneToSync => {
                if committed {
                    it.step = Step::Open;
                } else if record.phase == Phase::Hold && ours {
                    it.step = Step::WriteMarker;
                } else {
                    it.fail();
                }
            }
            _ => self.decide_abort(it, &record, committed, mutation),
        }
        true
    }

    /// The abort's look at the lane: a decided lane needs no command.
    fn decide_abort(
        &mut self,
        it: &mut Orchestrator,
        record: &LaneRecord,
        committed: bool,
        mutation: Option<Mutation>,
    ) {
        if committed {
            return it.begin(Stage::Forward);
        }
        if record.writer != self.databases.old {
            return it.end();
        }
        let decided = if it.is_ours(record) {
            !matches!(record.phase, Phase::Armed | Phase::Hold)
        } else {
            !record.phase.is_serving()
        };
        it.step = match mutation {
            Some(Mutation::NoAbortCompareAndSet) => Step::Unlock,
            Some(Mutation::UnlockBeforeAbort) => {
                self.unlock(it.run);
                if decided { Step::Unlock } else { Step::Abort }
            }
            _ if decided => Step::Unlock,
            _ => Step::Abort,
        };
    }

    fn work_at_databases(&mut self, it: &mut Orchestrator, mutation: Option<Mutation>) {
        if matches!(it.step, Step::EndSessions | Step::LookForWriters) {
            // The next look at the lane replaces it.
            it.lane = None;
        }
        match it.step {
            Step::AwaitHold => {
                it.step = Step::Hold;
            }
            Step::AwaitTransactions => it.step = Step::Lock,
            Step::Lock => {
                if self.databases.lock(it.run) {
                    it.step = Step::ReadLaneAfterLock;
                } else {
                    it.fail();
                }
            }
            Step::RemoveLateLock => {
                self.unlock(it.run);
                it.fail();
            }
            Step::EndSessions => {
                self.end_sessions();
                if it.stage == Stage::LateDrain {
                    it.end();
                } else {
                    it.begin(Stage::Sync);
                }
            }
            Step::LookForWriters => {
                let locked = self.databases.locked_by.is_some();
                let clean = !self.databases.sessions_live && !self.has_open_transaction();
                // After the commit only the snapshot is needed.
                if locked && (clean || it.stage == Stage::Forward) {
                    it.step = Step::ReadLaneToSync;
                } else {
                    it.fail();
                }
            }
            Step::WriteMarker => {
                if mutation == Some(Mutation::MarkerMovedOnRetry) {
                    self.databases.log.push(crate::databases::Change::Marker(it.run));
                }
                self.databases.write_marker(it.run);
                it.step = Step::AwaitMarker;
            }
            Step::AwaitMarker => it.step = Step::Commit,
            Step::Open => {
                self.databases.new_is_open = true;
                let waits = it
                    .lane
                    .as_ref()
                    .is_some_and(|lane| lane.phase == Phase::Committed);
                if waits { it.step = Step::Release } else { it.end() }
            }
            Step::Unlock => {
                self.unlock(it.run);
                // Another run that aborts releases what it holds itself.
                let lane = it.lane.as_ref();
                if lane.is_some_and(|lane| lane.phase == Phase::Aborting && it.is_ours(lane)) {
                    it.step = Step::ReleaseAborted;
                } else {
                    it.end();
                }
            }
            _ => {}
        }
    }

    /// Ends the sessions of the locked database; what was open is rolled back.
    fn end_sessions(&mut self) {
        if self.databases.locked_by.is_none() {
            return;
        }
        self.databases.sessions_live = false;
        for write in 0..self.writes.len() {
            if self.writes[write].place == Place::Open(self.databases.old) {
                self.writes[write].place = Place::Gone;
                self.answer(write, Told::Failed);
            }
        }
    }

    /// A command that was given up arrives.
    pub fn late_command_arrives(&mut self) -> bool {
        let Some((expected, command)) = self.late.take() else {
            return false;
        };
        drop(self.change(expected, &command));
        true
    }
}

/// The lane has accepted the command.
fn accept(it: &mut Orchestrator, record: Arc<LaneRecord>) {
    it.lane = Some(record);
    it.step = match it.step {
        Step::Arm => Step::AwaitHold,
        Step::Hold => Step::AwaitQuiet,
        Step::Commit => Step::Open,
        Step::Abort => Step::Unlock,
        _ => return it.end(),
    };
}

/// The lane has refused the command.
fn refuse(it: &mut Orchestrator) {
    match it.step {
        // It has changed since the read: it is read again.
        Step::Abort => it.begin(Stage::Abort),
        _ => it.fail(),
    }
}
