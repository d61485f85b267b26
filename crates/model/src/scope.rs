//! What a search covers: who takes part, how much may go wrong, and which fault is planted.

use crossover_routing::Side;

use crate::orchestrator::Stage;

/// The bounds of one search. Inside them every order of every event is tried.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Who works on the lane: the run's number, and the stage it begins with.
    pub orchestrators: Vec<(u8, Stage)>,
    /// Clients, each with one write through an isolate of its own.
    pub writes: usize,
    /// How many crashes, lost answers, delayed commands and broken connections there may be together.
    pub faults: u8,
    /// Reports of isolates may be lost (a fault each), or take longer than [`crossover_routing::traffic::REPORT_LEAD`].
    pub reports_fail: bool,
    /// The lane's object may be started a second time while the first still answers from what it remembers.
    pub zombie: bool,
    /// The writer at the beginning: the source for a cutover, the target for a rollback.
    pub old_writer: Side,
    pub mutation: Option<Mutation>,
}

impl Scope {
    /// One cutover by one orchestrator, without faults.
    #[must_use]
    pub fn cutover() -> Self {
        Self {
            orchestrators: vec![(1, Stage::Drain)],
            writes: 2,
            faults: 0,
            reports_fail: false,
            zombie: false,
            old_writer: Side::Source,
            mutation: None,
        }
    }

    /// Beside the run, somebody aborts it: an operator, the watchdog, or the state machine while an invocation that it has given
    /// up still works.
    #[must_use]
    pub fn and_an_abort(mut self) -> Self {
        self.orchestrators.push((1, Stage::Abort));
        self
    }

    /// Beside the run, another orchestrator begins a cutover: the same run again, or another one.
    #[must_use]
    pub fn and_a_cutover_of(mut self, run: u8) -> Self {
        self.orchestrators.push((run, Stage::Drain));
        self
    }
}

/// A fault planted in what surrounds the routing rules. The search must find what it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutation {
    /// final-sync writes the marker and commits without waiting for it.
    NoMarkerAwaited,
    /// final-sync commits when the last figure of the lag was 0.
    TrustLag,
    /// A repeated final-sync writes the marker again.
    MarkerMovedOnRetry,
    /// The abort unlocks and ends without asking the lane.
    NoAbortCompareAndSet,
    /// The abort unlocks first and asks the lane afterwards.
    UnlockBeforeAbort,
    /// An isolate sends a write that failed or whose outcome is unknown to the other side.
    WriteFallback,
    /// The drain locks without asking the barrier and without looking at open transactions.
    BarrierIgnored,
    /// A drain whose lock came after the abort leaves it there.
    LateLockStays,
}
