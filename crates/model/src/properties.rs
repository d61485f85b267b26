//! What holds in every state, and what has to be possible.

use crossover_routing::Phase;
use stateright::Property;

use crate::{
    cutover::Cutover,
    orchestrator::Stage,
    scope::Scope,
    state::{Place, State, Told, bit},
};

// The names of the properties. Those of ARCHITECTURE.md keep its words.
pub const ONE_SIDE: &str = "never are both sides writable";
pub const OWNER: &str = "the side that the lane does not name as the owner of writes takes none";
pub const EXACTLY_ONCE: &str = "every acknowledged write exists exactly once on the committed side";
pub const NOT_EXECUTED: &str = "a write that was answered with \"not executed\" has no effect";
pub const PROOF: &str = "a commit implies: nobody can write at the old writer, and the one marker of the run has arrived behind every row";
pub const ONE_DECISION: &str = "exactly one of commit and abort wins";
pub const UNLOCK: &str = "the old writer is unlocked only after the abort has won";
pub const EPOCH: &str = "the epoch only grows";
pub const CLEAN_END: &str =
    "once everybody has ended, the writer's database is open and the other one is not";
pub const COMMITS: &str = "a commit is reached, and everything is acknowledged";
pub const ABORTS: &str = "an abort is reached, and everything is acknowledged";
pub const BARRIER: &str = "the barrier says quiet only when no write is in flight";
pub const NO_ERROR: &str = "no client gets an error";

/// The properties of a scope. The edge's promise, no error for clients, is made only where reports arrive in time.
pub fn of(scope: &Scope) -> Vec<Property<Cutover>> {
    let mut all: Vec<Property<Cutover>> = vec![
        Property::always(ONE_SIDE, |_, state: &State| {
            !(state.databases.takes_writes(state.databases.old) && state.databases.new_is_open)
        }),
        Property::always(OWNER, |_, state: &State| {
            !state.databases.takes_writes(state.lane.record.writer.other())
        }),
        Property::always(EXACTLY_ONCE, |_, state: &State| rows_are_right(state)),
        Property::always(NOT_EXECUTED, |_, state: &State| not_executed_has_no_effect(state)),
        Property::always(PROOF, |_, state: &State| !state.past.committed_without_proof),
        Property::always(ONE_DECISION, |_, state: &State| {
            state.past.committed & state.past.aborted == 0
        }),
        Property::always(UNLOCK, |_, state: &State| !state.past.unlocked_without_abort),
        Property::always(EPOCH, |_, state: &State| !state.past.epoch_fell),
        Property::always(CLEAN_END, |_, state: &State| ends_clean(state)),
        Property::sometimes(ABORTS, |_, state: &State| {
            state.is_over()
                && state.past.aborted != 0
                && has_served(state, state.databases.old)
                && all_acknowledged(state)
        }),
    ];
    if scope
        .orchestrators
        .iter()
        .any(|(_, stage)| *stage == Stage::Drain)
    {
        all.push(Property::sometimes(COMMITS, |_, state: &State| {
            state.is_over() && has_served(state, state.databases.old.other()) && all_acknowledged(state)
        }));
    }
    if !scope.reports_fail && !scope.zombie {
        all.push(Property::always(BARRIER, |_, state: &State| {
            barrier_is_right(state)
        }));
        if scope.orchestrators.len() == 1 {
            all.push(Property::always(NO_ERROR, |_, state: &State| {
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
    // A lock that is left shuts out the next login, even while sessions from before it live.
    let unlocked = state.databases.locked_by.is_none();
    let new_writes = state.lane.record.writer != state.databases.old;
    let open_and_shut = unlocked != new_writes && state.databases.new_is_open == new_writes;
    let decided = state
        .orchestrators
        .iter()
        .all(|it| (state.past.committed | state.past.aborted) & bit(it.run) != 0);
    open_and_shut && (state.lane.record.phase.is_serving() || !decided)
}

fn has_served(state: &State, side: crossover_routing::Side) -> bool {
    state.lane.record.phase == side.served()
}

fn all_acknowledged(state: &State) -> bool {
    state.writes.iter().all(|write| write.told == Told::Acknowledged)
}
