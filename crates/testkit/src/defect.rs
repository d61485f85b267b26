//! Broken variants of the system, kept to show that the laws would notice.

/// One way in which the system does less than its port promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// `end_sessions` ends nothing and the samples do not show who is left.
    SessionsStay,
    /// The lock takes LOGIN from roles with grants of their own only: who inherits them goes on.
    LockSparesMembers,
    /// Samples do not show prepared transactions.
    PreparedUnseen,
    /// The restoration forgets CONNECT.
    RestoreForgetsConnect,
    /// The catch-up marker is taken for seen as soon as it is written: the same as to trust a lag of zero.
    MarkerNotAwaited,
    /// Sequence positions are the largest id in the table, without headroom.
    SequencesByMaxId,
    /// The lane takes commit and abort from whoever asks, whatever happened since.
    LaneWithoutCas,
    /// The lane accepts a commit after the deadline.
    LaneWithoutDeadline,
    /// The lane starts a second time from a lower epoch, as an old copy of it would.
    LaneForgetsEpoch,
    /// A repeated marker is written again.
    MarkerRepeats,
    /// A repeated lock records what it finds, which is the locked state.
    LockRecordsAgain,
    /// Dropping a slot says done and leaves it.
    SlotsStay,
}
