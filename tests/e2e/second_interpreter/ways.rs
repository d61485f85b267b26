//! The ways through the state machines.

/// What somebody answers to the question for an approval.
#[derive(Clone, Copy)]
pub enum Answer {
    Approved,
    Rejected,
}

/// A way through a machine.
#[derive(Clone, Copy)]
pub struct Way {
    pub name: &'static str,
    pub machine: &'static str,
    /// The step of a stage, as `stage` or `stage:step`, the error it fails with, and how often.
    pub fails: &'static [(&'static str, &'static str, usize)],
    /// What the abort finds.
    pub abort: &'static str,
    /// The approval that the plan asks for, in seconds.
    pub approval: Option<u32>,
    pub answer: Option<Answer>,
    /// The execution ends the migration.
    pub completes: bool,
    /// The execution recovers a run.
    pub recovers: bool,
    /// The status of the ended execution, and its error.
    pub ends: (&'static str, Option<&'static str>),
    /// States that are entered in this order, and states that are not entered.
    pub enters: &'static [&'static str],
    pub skips: &'static [&'static str],
}

const CUTOVER: Way = Way {
    name: "",
    machine: "cutover",
    fails: &[],
    abort: "aborted",
    approval: None,
    answer: None,
    completes: false,
    recovers: false,
    ends: ("SUCCEEDED", None),
    enters: &[],
    skips: &["Abort"],
};
const ASKS: Way = Way {
    approval: Some(600),
    ..CUTOVER
};
const NOT_APPROVED: Way = Way {
    approval: Some(600),
    ends: ("FAILED", Some("CutoverNotApproved")),
    enters: &["Approval", "NotApproved"],
    skips: &["PrepareReverseReplication", "Abort"],
    ..CUTOVER
};
const COMPLETION: Way = Way {
    completes: true,
    enters: &["Recover?", "Complete?", "CompletionGate", "Complete", "Completed"],
    skips: &["PreCheck", "CompletionApproval", "Abort"],
    ..CUTOVER
};
const VERIFY: Way = Way {
    machine: "verify",
    ..CUTOVER
};

pub const WAYS: [Way; 23] = [
    Way {
        name: "commits",
        enters: &[
            "Recover?",
            "PreCheck",
            "LagWait",
            "ValidateBefore",
            "ApprovalRequired?",
            "PrepareReverseReplication",
            "WarmFinalSync",
            "ConnectionDrain",
            "FinalSync",
            "StartReverseReplication",
            "ValidateAfter",
            "Committed",
        ],
        skips: &["Abort", "Approval", "LagWaitAfterApproval"],
        ..CUTOVER
    },
    Way {
        name: "is-refused",
        fails: &[("pre_check", "ChecksFailed", 1)],
        ends: ("FAILED", Some("CutoverRefused")),
        skips: &["LagWait", "Abort"],
        ..CUTOVER
    },
    Way {
        name: "is-tried-again",
        fails: &[("pre_check", "Unreachable", 1)],
        enters: &["PreCheck", "LagWait", "Committed"],
        ..CUTOVER
    },
    Way {
        name: "aborts-in-the-preparation",
        fails: &[("reverse_sync:prepare", "Refused", 1)],
        ends: ("FAILED", Some("CutoverAborted")),
        enters: &["PrepareReverseReplication", "Abort", "AbortedAsAsked"],
        skips: &["ConnectionDrain"],
        ..CUTOVER
    },
    Way {
        name: "aborts-in-the-drain",
        fails: &[("connection_drain", "WritersRemain", 1)],
        ends: ("FAILED", Some("CutoverAborted")),
        enters: &["ConnectionDrain", "Abort", "Aborted?", "AbortedAsAsked"],
        skips: &["FinalSync"],
        ..CUTOVER
    },
    Way {
        name: "an-abort-is-tried-again",
        fails: &[
            ("connection_drain", "WritersRemain", 1),
            ("abort", "Unreachable", 2),
        ],
        ends: ("FAILED", Some("CutoverAborted")),
        enters: &["ConnectionDrain", "Abort", "AbortedAsAsked"],
        skips: &[],
        ..CUTOVER
    },
    Way {
        name: "rolls-forward",
        fails: &[("final_sync:commit", "UnexpectedAnswer", 1)],
        abort: "committed",
        enters: &[
            "FinalSync",
            "Abort",
            "RollForward",
            "StartReverseReplication",
            "Committed",
        ],
        skips: &["AbortedAsAsked"],
        ..CUTOVER
    },
    Way {
        name: "is-superseded",
        fails: &[("final_sync:commit", "LaneRefused", 1)],
        abort: "superseded",
        ends: ("FAILED", Some("CutoverSuperseded")),
        skips: &["RollForward"],
        ..CUTOVER
    },
    Way {
        name: "differs",
        fails: &[("validate:after_commit", "TablesDiffer", 1)],
        ends: ("FAILED", Some("DifferentAfterCommit")),
        ..CUTOVER
    },
    Way {
        name: "is-unproven",
        fails: &[("validate:after_commit", "MarkerNotSeen", 1)],
        ends: ("FAILED", Some("UnprovenAfterCommit")),
        ..CUTOVER
    },
    Way {
        name: "is-recovered",
        recovers: true,
        ends: ("FAILED", Some("CutoverAborted")),
        enters: &["Recover?", "Abort", "AbortedAsAsked"],
        skips: &["PreCheck"],
        ..CUTOVER
    },
    Way {
        name: "is-approved",
        answer: Some(Answer::Approved),
        enters: &[
            "Approval",
            "LagWaitAfterApproval",
            "PrepareReverseReplication",
            "Committed",
        ],
        ..ASKS
    },
    Way {
        name: "cannot-ask",
        fails: &[("approval", "Refused", 1)],
        ends: ("FAILED", Some("CutoverRefused")),
        skips: &["PrepareReverseReplication", "Abort"],
        ..ASKS
    },
    Way {
        name: "is-rejected",
        answer: Some(Answer::Rejected),
        ..NOT_APPROVED
    },
    Way {
        name: "expires",
        approval: Some(2),
        ..NOT_APPROVED
    },
    Way {
        name: "completes",
        ..COMPLETION
    },
    Way {
        name: "completes-at-the-second-attempt",
        fails: &[("complete:remove", "LeftBehind", 1)],
        ..COMPLETION
    },
    Way {
        name: "is-too-early-to-complete",
        fails: &[("complete:check", "RollbackWindowOpen", 1)],
        ends: ("FAILED", Some("CutoverRefused")),
        enters: &["CompletionGate", "Refused"],
        skips: &["Complete"],
        ..COMPLETION
    },
    Way {
        name: "completes-when-approved",
        approval: Some(600),
        answer: Some(Answer::Approved),
        enters: &["CompletionGate", "CompletionApproval", "Complete", "Completed"],
        skips: &["PreCheck", "Approval"],
        ..COMPLETION
    },
    Way {
        name: "rolls-back",
        machine: "rollback",
        // A rollback asks nobody.
        approval: Some(600),
        enters: &[
            "RollbackGate",
            "LagWait",
            "FinalSync",
            "RetireStream",
            "Committed",
        ],
        ..CUTOVER
    },
    Way {
        name: "cannot-roll-back",
        machine: "rollback",
        fails: &[("rollback", "NoReverseReplication", 1)],
        ends: ("FAILED", Some("CutoverRefused")),
        skips: &["LagWait", "Abort"],
        ..CUTOVER
    },
    Way {
        name: "are-equal",
        enters: &["PlanPartitions", "ComparePartitions", "Merge", "Equal"],
        ..VERIFY
    },
    Way {
        name: "are-different",
        fails: &[("validate:merge", "TablesDiffer", 1)],
        ends: ("FAILED", Some("TablesDiffer")),
        enters: &["Merge", "Different"],
        ..VERIFY
    },
];
