//! The whole system as one value, and [`Shared::call`], which carries out every port call.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use crossover_core::{
    Millis, Plan, Stream,
    ports::{Figure, JournalEntry, PortError, PortResult},
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

/// Behaviour of the system without faults. Times in milliseconds.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// Duration of a port call.
    pub call_ms: u64,
    /// How long a write that the edge has forwarded waits in the application before its transaction begins.
    pub pool_ms: u64,
    /// Delay of the stream from a commit on one side to its effect on the other.
    pub stream_ms: u64,
    /// Duration of the creation, the start and the stop of a task.
    pub task_ms: u64,
    /// The lag that the metrics port reports.
    pub lag: Option<Figure<Millis>>,
    /// The CPU use of every server in percent, as the metrics port reports it.
    pub cpu: Option<Figure<u32>>,
    /// The stream applies every marker twice.
    pub stream_duplicates: bool,
    /// The stream finds the rows of a table without a key by all their columns.
    pub whole_row_identity: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            call_ms: 1,
            pool_ms: 0,
            stream_ms: 3,
            task_ms: 120,
            cpu: None,
            lag: Some(Figure {
                value: Millis(20),
                age_ms: Millis(1_000),
                stale_after_ms: Millis(185_000),
            }),
            stream_duplicates: false,
            whole_row_identity: true,
        }
    }
}

/// The state of the whole system.
#[derive(Clone)]
pub struct State {
    pub plan: Plan,
    pub now: u64,
    pub behaviour: Behaviour,
    pub source: MemoryDatabaseState,
    pub target: MemoryDatabaseState,
    pub tasks: BTreeMap<Stream, Task>,
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

    /// Applies every event that is due: the lane's deadline alarm, ends of transactions, task states,
    /// replication, new transactions.
    pub fn apply_due_events(&mut self) {
        self.apply_deadline_alarm();
        self.end_transactions();
        self.move_tasks();
        self.carry_changes();
        self.begin_transactions();
    }

    /// Advances the virtual clock and applies the events that are due.
    pub fn advance(&mut self, to: u64) {
        self.now = self.now.max(to);
        self.apply_due_events();
        self.check_invariants("the clock advanced");
    }

    fn apply_deadline_alarm(&mut self) {
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

/// Handle to the system that several processes share.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the fault that is to happen (at most one) and counts calls from 0 again.
    pub fn script(&self, scripted: impl Into<Option<Scripted>>) {
        self.lock().script.set(scripted.into());
    }

    /// Names of all calls since the script was set.
    pub fn points(&self) -> Vec<String> {
        self.lock().script.points.clone()
    }

    /// Name of the call at which the scripted fault happened, if it has happened.
    pub fn fired(&self) -> Option<String> {
        self.lock().script.fired.clone()
    }

    /// The violations of invariants so far.
    pub fn violations(&self) -> Vec<String> {
        self.lock().watch.violations.clone()
    }

    /// Resumes all frozen processes.
    pub fn thaw(&self) {
        self.lock().frozen.clear();
    }

    /// Carries out one port call of a process: time passes, the scripted fault happens if it is due, and the
    /// invariants are checked.
    pub(crate) async fn call<T>(
        &self,
        process: u64,
        name: String,
        work: impl FnOnce(&mut State) -> PortResult<T> + Send,
    ) -> PortResult<T> {
        self.yield_to_others().await;
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
        state.check_invariants(name);
        answer
    }

    async fn die<T>(&self, process: u64) -> T {
        self.lock().dead.insert(process);
        std::future::pending().await
    }

    /// Lets other processes, and other branches of this one, run first. The waker is called because a set of
    /// futures inside a process polls only futures that were woken; the executor itself needs no wake-up.
    async fn yield_to_others(&self) {
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
