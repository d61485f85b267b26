//! The whole system as one value, and the one door every port call goes through.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use crossover_core::{
    Plan,
    ports::{JournalEntry, PortError, PortResult, metrics::LagSample},
    routing::{LaneRecord, Phase, Side, UnixMillis},
};

use crate::{
    database::MemoryDatabaseState,
    defect::Defect,
    faults::{Fault, Script, Scripted},
    stream::Task,
    traffic::Traffic,
    watch::Watch,
};

/// How the system behaves where nothing goes wrong. Times in milliseconds.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// What one port call takes.
    pub call_ms: u64,
    /// What the stream takes from a commit on one side to its effect on the other.
    pub stream_ms: u64,
    /// What a task takes to be made, to start and to stop.
    pub task_ms: u64,
    /// What the monitoring says about the lag.
    pub lag: Option<LagSample>,
    /// The stream applies everything twice.
    pub stream_duplicates: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            call_ms: 1,
            stream_ms: 3,
            task_ms: 120,
            lag: Some(LagSample {
                lag_ms: 20,
                age_ms: 1_000,
            }),
            stream_duplicates: false,
        }
    }
}

/// Everything there is.
#[derive(Clone)]
pub struct State {
    pub plan: Plan,
    pub now: u64,
    pub behaviour: Behaviour,
    pub source: MemoryDatabaseState,
    pub target: MemoryDatabaseState,
    pub tasks: BTreeMap<String, Task>,
    pub lane: LaneRecord,
    pub journal: Vec<JournalEntry>,
    pub notices: Vec<String>,
    pub traffic: Traffic,
    pub defects: BTreeSet<Defect>,
    pub script: Script,
    pub watch: Watch,
    pub(crate) yields: u64,
    pub(crate) timers: BTreeMap<u64, u64>,
    pub(crate) next_id: u64,
    pub(crate) dead: BTreeSet<u64>,
    pub(crate) frozen: BTreeSet<u64>,
}

impl State {
    pub fn side(&self, side: Side) -> &MemoryDatabaseState {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    pub fn side_mut(&mut self, side: Side) -> &mut MemoryDatabaseState {
        match side {
            Side::Source => &mut self.source,
            Side::Target => &mut self.target,
        }
    }

    pub fn has_defect(&self, how: Defect) -> bool {
        self.defects.contains(&how)
    }

    pub(crate) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Lets everything happen that time brings: the lane's alarm, ends of transactions, task states, the stream, new traffic.
    pub fn pump(&mut self) {
        self.sound_alarm();
        self.end_transactions();
        self.move_tasks();
        self.carry_changes();
        self.begin_transactions();
    }

    /// Moves time forward and lets happen what it brings.
    pub fn advance(&mut self, to: u64) {
        self.now = self.now.max(to);
        self.pump();
        self.look("time passes");
    }

    fn sound_alarm(&mut self) {
        let due = self
            .lane
            .hold_deadline_ms
            .is_some_and(|deadline| self.now >= deadline.0);
        if due && matches!(self.lane.phase, Phase::Armed | Phase::Hold) {
            let command = crossover_core::routing::Command::DeadlinePassed;
            if let Ok(after) = self.lane.next(&command, UnixMillis(self.now)) {
                self.lane = after;
            }
        }
    }
}

/// The system as several processes share it.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the one fault that is to happen and starts counting calls from 0.
    pub fn script(&self, scripted: impl Into<Option<Scripted>>) {
        self.lock().script.set(scripted.into());
    }

    /// Names of all calls since the script was set.
    pub fn points(&self) -> Vec<String> {
        self.lock().script.points.clone()
    }

    /// The call the scripted fault hit, if it did.
    pub fn fired(&self) -> Option<String> {
        self.lock().script.fired.clone()
    }

    /// What broke an invariant so far.
    pub fn violations(&self) -> Vec<String> {
        self.lock().watch.violations.clone()
    }

    /// Lets frozen processes go on.
    pub fn thaw(&self) {
        self.lock().frozen.clear();
    }

    /// One port call of a process: time passes, the script may interfere, the system is looked at afterwards.
    pub(crate) async fn call<T>(
        &self,
        process: u64,
        name: String,
        work: impl FnOnce(&mut State) -> PortResult<T> + Send,
    ) -> PortResult<T> {
        self.give_way().await;
        let fault = {
            let mut state = self.lock();
            let passed = state.now + state.behaviour.call_ms;
            state.advance(passed);
            state.script.next(&name)
        };
        let unreachable = || Err(PortError::unreachable(&name, "connection lost (scripted)"));
        match fault {
            None => {}
            Some(Fault::Refused) => return Err(PortError::refused(&name, "not now (scripted)")),
            Some(Fault::Unreachable) => return unreachable(),
            Some(Fault::LostAnswer) => {
                let _ = self.work(&name, work);
                return unreachable();
            }
            Some(Fault::DiesBefore) => return self.die(process).await,
            Some(Fault::DiesAfter) => {
                let _ = self.work(&name, work);
                return self.die(process).await;
            }
            Some(Fault::Slow(ms)) => {
                let until = self.lock().now + ms;
                crate::executor::sleep_until(self.clone(), until).await;
            }
            Some(Fault::Freezes) => {
                self.lock().frozen.insert(process);
                let state = self.clone();
                poll_fn(move |cx| {
                    if state.lock().frozen.contains(&process) {
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    } else {
                        Poll::Ready(())
                    }
                })
                .await;
            }
        }
        self.work(&name, work)
    }

    fn work<T>(&self, name: &str, work: impl FnOnce(&mut State) -> PortResult<T>) -> PortResult<T> {
        let mut state = self.lock();
        let answer = work(&mut state);
        state.look(name);
        answer
    }

    async fn die<T>(&self, process: u64) -> T {
        self.lock().dead.insert(process);
        std::future::pending().await
    }

    /// Lets other processes, and other branches of this one, go first. Whatever waits here says that it can be polled again: the
    /// executor polls without being asked, but a set of futures between the two polls only what was woken.
    async fn give_way(&self) {
        let mut waited = false;
        poll_fn(|cx| {
            if waited {
                return Poll::Ready(());
            }
            waited = true;
            self.lock().yields += 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
