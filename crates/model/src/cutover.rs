//! The model: what can happen next in a state, and what it does.

use std::sync::Arc;

use crossover_routing::{Barrier, Phase, Side, UnixMillis};
use stateright::{Model, Property};

use crate::{
    databases::Databases,
    edge::Isolate,
    orchestrator::{Orchestrator, Stage, Step, Way},
    properties,
    scope::{Mutation, Scope},
    state::{BEGIN, Instance, Past, Place, State, TICK, Told, Write, instance, serving},
};

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A quarter of a second passes.
    Tick,
    /// The alarm of the lane's object.
    Alarm,
    /// A command that its sender has given up arrives.
    LateCommand,
    /// The next change arrives at the new writer.
    Replicate,
    /// Only with [`Mutation::TrustLag`]: a figure of the lag is taken.
    MeasureLag,
    /// The lane's object starts again, and its older instance goes on answering.
    Restart,
    /// A client's write comes to its isolate, or is decided about again.
    Arrive(usize),
    /// A held write learns that the lane serves.
    Release {
        write: usize,
        by_zombie: bool,
    },
    /// A held write is given up.
    GiveUp(usize),
    /// The API of the side begins a transaction for the write.
    Begin(usize),
    /// The transaction commits, and the client gets its answer.
    Finish(usize),
    /// The connection between isolate and API breaks; what the API has it still executes.
    Break(usize),
    /// Only with [`Mutation::WriteFallback`]: the other side executes the write.
    Again(usize),
    /// The isolate's guard asks the lane.
    Guard(usize),
    /// The isolate's question arrives.
    Hear {
        isolate: usize,
        by_zombie: bool,
        answered: bool,
    },
    LoseReport(usize),
    /// An orchestrator does its next step.
    Work(usize, Way),
    /// A wait is over without its condition: the run is aborted.
    TimeOut(usize),
    Crash(usize),
    /// A stage that failed begins again.
    Retry(usize),
    /// A stage that failed is followed by the abort.
    Catch(usize),
}

/// The model of one scope.
#[derive(Debug, Clone)]
pub struct Cutover {
    pub scope: Scope,
}

impl Cutover {
    pub const fn new(scope: Scope) -> Self {
        Self { scope }
    }

    fn has(&self, mutation: Mutation) -> bool {
        self.scope.mutation == Some(mutation)
    }

    /// Time passes as long as it matters, and where reports arrive in time not before they have.
    fn may_tick(&self, state: &State) -> bool {
        let record = &state.lane.record;
        let last = match record.phase {
            Phase::Armed | Phase::Hold => record.hold_deadline_ms.unwrap_or_default(),
            _ if state.past == Past::default() => BEGIN + TICK,
            // Decided: no rule asks for the time any more.
            _ => BEGIN,
        };
        let late = |isolate: &Isolate| {
            isolate
                .asked
                .as_ref()
                .is_some_and(|asked| state.now >= asked.at + TICK)
        };
        let waits = || {
            let mut all = state.isolates.iter().enumerate();
            all.any(|(it, isolate)| isolate.owes_report(state.in_flight(it), state.now) || late(isolate))
        };
        state.now < last && (self.scope.reports_fail || !waits())
    }

    fn isolates(&self, state: &State, actions: &mut Vec<Action>) {
        for (index, isolate) in state.isolates.iter().enumerate() {
            if isolate.owes_report(state.in_flight(index), state.now) {
                actions.push(Action::Guard(index));
            }
            if isolate.asked.is_none() {
                continue;
            }
            let hear = |by_zombie, answered| Action::Hear {
                isolate: index,
                by_zombie,
                answered,
            };
            actions.push(hear(false, true));
            if state.zombie.is_some() {
                actions.push(hear(true, true));
            }
            if self.scope.reports_fail && state.faults > 0 {
                actions.push(hear(false, false));
                actions.push(Action::LoseReport(index));
            }
        }
    }

    fn orchestrators(&self, state: &State, actions: &mut Vec<Action>) {
        let fault = state.faults > 0;
        for (who, it) in state.orchestrators.iter().enumerate() {
            match it.step {
                Step::Ended => continue,
                Step::Failed(stage) => {
                    actions.push(Action::Retry(who));
                    if matches!(stage, Stage::Drain | Stage::Sync) {
                        actions.push(Action::Catch(who));
                    }
                    continue;
                }
                _ => {}
            }
            if it.step.waits() {
                actions.push(Action::TimeOut(who));
            }
            if fault && !it.begins() {
                actions.push(Action::Crash(who));
            }
            if state.zombie.is_some() && (it.step.reads_lane() || (it.step.is_command() && !it.unanswered)) {
                actions.push(Action::Work(who, Way::ByZombie));
            }
            if !state.is_ready(who, self.scope.mutation) {
                continue;
            }
            actions.push(Action::Work(who, Way::Answered));
            if fault && it.step.is_command() && !it.unanswered {
                actions.push(Action::Work(who, Way::AnswerLost));
                if state.late.is_none() {
                    actions.push(Action::Work(who, Way::Delayed));
                }
            }
        }
    }

    /// A write that failed, or whose outcome is unknown.
    fn failed(&self, state: &mut State, write: usize, at: Side, told: Told) {
        if self.has(Mutation::WriteFallback) && state.writes[write].told == Told::Nothing {
            state.writes[write].again = Some(at.other());
        }
        state.answer(write, told);
    }

    fn act(&self, state: &mut State, action: Action) -> bool {
        match action {
            Action::Tick => state.now += TICK,
            Action::Alarm => state.enforce_deadline(),
            Action::LateCommand => return state.late_command_arrives(),
            Action::Replicate => state.databases.arrived += 1,
            Action::MeasureLag => state.lag = state.databases.log.len() - state.databases.arrived,
            Action::Restart => {
                let new = Instance {
                    record: Arc::clone(&state.lane.record),
                    barrier: Arc::new(Barrier::new(state.now)),
                };
                state.zombie = Some(std::mem::replace(&mut state.lane, new));
            }
            Action::Arrive(write) => return state.arrive(write),
            Action::Release { write, by_zombie } => return state.release(write, by_zombie),
            Action::GiveUp(write) => {
                state.writes[write].place = Place::Gone;
                state.writes[write].told = Told::NotExecuted;
            }
            Action::Begin(write) => {
                let Place::Api(side) = state.writes[write].place else {
                    return false;
                };
                if state.databases.takes_writes(side) {
                    state.writes[write].place = Place::Open(side);
                } else {
                    state.writes[write].place = Place::Gone;
                    self.failed(state, write, side, Told::Failed);
                }
            }
            Action::Finish(write) => {
                let Place::Open(side) = state.writes[write].place else {
                    return false;
                };
                state.databases.commit(side, write);
                state.writes[write].place = Place::Done;
                state.answer(write, Told::Acknowledged);
            }
            Action::Break(write) => {
                state.faults -= 1;
                if let Place::Api(side) | Place::Open(side) = state.writes[write].place {
                    self.failed(state, write, side, Told::Unknown);
                }
            }
            Action::Again(write) => {
                if let Some(side) = state.writes[write]
                    .again
                    .filter(|side| state.databases.takes_writes(*side))
                {
                    state.databases.commit(side, write);
                    state.writes[write].again = None;
                } else {
                    return false;
                }
            }
            Action::Guard(isolate) => {
                let (in_flight, now) = (state.in_flight(isolate), state.now);
                state.isolates[isolate].ask(isolate, in_flight, now);
            }
            Action::Hear {
                isolate,
                by_zombie,
                answered,
            } => {
                state.faults -= u8::from(!answered);
                return state.hear(isolate, by_zombie, answered);
            }
            Action::LoseReport(isolate) => {
                state.faults -= 1;
                state.isolates[isolate].asked = None;
            }
            Action::Work(who, way) => return state.work(who, way, self.scope.mutation),
            Action::TimeOut(who) | Action::Catch(who) => state.orchestrators[who].begin(Stage::Abort),
            Action::Crash(who) => {
                state.faults -= 1;
                let it = &mut state.orchestrators[who];
                it.cut_off();
            }
            Action::Retry(who) => {
                let it = &mut state.orchestrators[who];
                it.begin(it.stage);
            }
        }
        true
    }
}

/// What can happen to the clients' writes.
fn of_writes(state: &State, actions: &mut Vec<Action>) {
    let fault = state.faults > 0;
    for (index, write) in state.writes.iter().enumerate() {
        match write.place {
            Place::Client => actions.push(Action::Arrive(index)),
            Place::Held => {
                if state.lane.record.phase.is_serving() {
                    actions.push(Action::Release {
                        write: index,
                        by_zombie: false,
                    });
                }
                if state
                    .zombie
                    .as_ref()
                    .is_some_and(|zombie| zombie.record.phase.is_serving())
                {
                    actions.push(Action::Release {
                        write: index,
                        by_zombie: true,
                    });
                }
                // One is enough to see that nothing comes of it.
                if index == 0 {
                    actions.push(Action::GiveUp(index));
                }
            }
            Place::Api(_) => actions.push(Action::Begin(index)),
            Place::Open(_) => actions.push(Action::Finish(index)),
            Place::Done | Place::Gone => {}
        }
        if fault && write.in_flight() {
            actions.push(Action::Break(index));
        }
        if write.again.is_some() {
            actions.push(Action::Again(index));
        }
    }
}

impl Model for Cutover {
    type State = State;
    type Action = Action;

    /// Every isolate has just got a lease, and the old writer serves.
    fn init_states(&self) -> Vec<State> {
        let write = Write {
            place: Place::Client,
            told: Told::Nothing,
            again: None,
        };
        let (writes, old) = (self.scope.writes, self.scope.old_writer);
        let mut state = State {
            now: BEGIN,
            lane: instance(serving(old)),
            zombie: None,
            databases: Databases::new(old),
            isolates: vec![Isolate::default(); writes],
            writes: vec![write; writes],
            orchestrators: Vec::new(),
            late: None,
            faults: self.scope.faults,
            lag: 0,
            past: Past::default(),
        };
        let begin = self.scope.orchestrators.iter();
        state.orchestrators = begin
            .map(|(run, stage)| Orchestrator::new(*run, *stage))
            .collect();
        for isolate in 0..writes {
            state.isolates[isolate].ask(isolate, 0, BEGIN);
            state.hear(isolate, false, true);
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if self.may_tick(state) {
            actions.push(Action::Tick);
        }
        if state.deadline_passed() {
            actions.push(Action::Alarm);
        }
        if state.late.is_some() {
            actions.push(Action::LateCommand);
        }
        if state.databases.arrived < state.databases.log.len() {
            actions.push(Action::Replicate);
        }
        if self.has(Mutation::TrustLag) {
            actions.push(Action::MeasureLag);
        }
        let is_young =
            |barrier: &Barrier| barrier.traffic(&state.lane.record, UnixMillis(BEGIN.0 + 1)).open > 0;
        if self.scope.zombie && state.zombie.is_none() && !is_young(&state.lane.barrier) {
            actions.push(Action::Restart);
        }
        of_writes(state, actions);
        self.isolates(state, actions);
        self.orchestrators(state, actions);
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut after = before.clone();
        if !self.act(&mut after, action) {
            return None;
        }
        after.forget();
        Some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(&self.scope)
    }
}
