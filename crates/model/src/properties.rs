//! What holds in every state, and what has to be possible.

use crossover_routing::Phase;
use stateright::Property;

use crate::{
    cutover::Cutover,
    scope::Scope,
    state::{Place, State, Told, bit},
};

/// The properties of a scope. The edge's promise, no error for clients, is made only where reports arrive in time.
pub fn of(scope: &Scope) -> Vec<Property<Cutover>> {
    let mut all: Vec<Property<Cutover>> = vec![
        Property::always("never are both sides writable", |_, state: &State| {
            !(state.databases.takes_writes(state.databases.old) && state.databases.new_is_open)
        }),
        Property::always(
            "every acknowledged write exists exactly once on the committed side",
            |_, state: &State| rows_are_right(state),
        ),
        Property::always(
            "a write that was answered with \"not executed\" has no effect",
            |_, state: &State| not_executed_has_no_effect(state),
        ),
        Property::always(
            "a commit implies: nobody can write at the old writer, and the one marker of the run has arrived behind every row",
            |_, state: &State| !state.past.committed_without_proof,
        ),
        Property::always("exactly one of commit and abort wins", |_, state: &State| {
            state.past.committed & state.past.aborted == 0
        }),
        Property::always(
            "the old writer is unlocked only after the abort has won",
            |_, state: &State| !state.past.unlocked_without_abort,
        ),
        Property::always("the epoch only grows", |_, state: &State| !state.past.epoch_fell),
        Property::always(
            "once everybody has ended, the writer's database is open and the other one is not",
            |_, state: &State| ends_clean(state),
        ),
        Property::sometimes(
            "a commit is reached, and everything is acknowledged",
            |_, state: &State| {
                state.is_over() && has_served(state, state.databases.old.other()) && all_acknowledged(state)
            },
        ),
        Property::sometimes(
            "an abort is reached, and everything is acknowledged",
            |_, state: &State| {
                state.is_over()
                    && state.past.aborted != 0
                    && has_served(state, state.databases.old)
                    && all_acknowledged(state)
            },
        ),
    ];
    if !scope.reports_fail && !scope.zombie {
        all.push(Property::always(
            "the barrier says quiet only when no write is in flight",
            |_, state: &State| barrier_is_right(state),
        ));
        if scope.orchestrators.len() == 1 {
            all.push(Property::always("no client gets an error", |_, state: &State| {
                state.writes.iter().all(|write| write.told != Told::Failed)
            }));
        }
    }
    all
}

fn rows_are_right(state: &State) -> bool {
    let writer = state.lane.record.writer;
    state.writes.iter().enumerate().all(|(index, write)| {
        let copies = state.databases.copies(writer, index);
        copies <= 1 && (write.told != Told::Acknowledged || copies == 1)
    })
}

fn not_executed_has_no_effect(state: &State) -> bool {
    state.writes.iter().enumerate().all(|(index, write)| {
        let old = state.databases.old;
        let rows = state.databases.copies(old, index) + state.databases.copies(old.other(), index);
        write.told != Told::NotExecuted || (rows == 0 && write.place == Place::Gone)
    })
}

/// Where the barrier lets the drain go on, no client waits for an answer from the old writer.
fn barrier_is_right(state: &State) -> bool {
    let record = &state.lane.record;
    let held = matches!(record.phase, Phase::Armed | Phase::Hold) && record.holds_writes(state.now);
    !held
        || state.writes.iter().all(|write| !write.in_flight())
        || !state.lane.barrier.traffic(record, state.now).is_quiet()
}

/// Nobody works any more: the lane serves, its writer's database takes writes, the other one does not, and no lock is left
/// without a commit.
fn ends_clean(state: &State) -> bool {
    if !state.is_over() || state.late.is_some() {
        return true;
    }
    let writer = state.lane.record.writer;
    let (open, shut) = (
        state.databases.takes_writes(writer),
        !state.databases.takes_writes(writer.other()),
    );
    let decided = state
        .orchestrators
        .iter()
        .all(|it| (state.past.committed | state.past.aborted) & bit(it.run) != 0);
    open && shut && (state.lane.record.phase.is_serving() || !decided)
}

fn has_served(state: &State, side: crossover_routing::Side) -> bool {
    state.lane.record.phase == side.served()
}

fn all_acknowledged(state: &State) -> bool {
    state.writes.iter().all(|write| write.told == Told::Acknowledged)
}
