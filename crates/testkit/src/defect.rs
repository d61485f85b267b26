//! Defects that a test injects into the simulated system, to prove that the laws detect them.

/// A defect: the simulated system does less than the port promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// `end_sessions` ends no session, and writer samples list no sessions.
    SessionsStay,
    /// The lock takes LOGIN only from roles with their own write grants: roles that inherit a grant can still
    /// log in.
    LockSparesMembers,
    /// The lane says that no write is in flight, whatever the isolates have forwarded.
    BarrierIgnored,
    /// Writer samples list no prepared transactions.
    PreparedUnseen,
    /// The restoration does not grant CONNECT again.
    RestoreForgetsConnect,
    /// The catch-up marker counts as seen as soon as it is written, as if a reported lag of zero were proof.
    MarkerNotAwaited,
    /// Sequence positions are taken from the largest id in the table, without headroom.
    SequencesByMaxId,
    /// `advance_sequences` reports success and moves no sequence.
    SequencesStay,
    /// The lane accepts commit and abort without comparing epoch, run and phase.
    LaneWithoutCas,
    /// The lane accepts a commit after the deadline.
    LaneWithoutDeadline,
    /// The lane keeps its old epoch after a command, as a restored older copy would.
    LaneForgetsEpoch,
    /// A marker that exists already is written a second time.
    MarkerRepeats,
    /// A repeated lock records the access it finds, which is the locked state.
    LockRecordsAgain,
    /// The release of a retained position reports success and keeps the position.
    RetainedPositionsStay,
}
