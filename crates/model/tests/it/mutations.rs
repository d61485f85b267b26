//! Each fault that is planted around the routing rules is found, with a counterexample in words.

use crossover_model::{
    Mutation, Scope,
    properties::{CLEAN_END, EXACTLY_ONCE, NO_ERROR, ONE_SIDE, PROOF, UNLOCK},
};

use crate::{
    counterexample,
    scopes::{given_up, one_write},
};

/// A fault, where it is planted, what it breaks, and sentences of the counterexample in their order.
struct Case {
    mutation: Mutation,
    scope: Scope,
    breaks: &'static str,
    tells: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let with_a_fault = || Scope {
        faults: 1,
        ..one_write()
    };
    vec![
        Case {
            mutation: Mutation::NoMarkerAwaited,
            scope: one_write(),
            breaks: EXACTLY_ONCE,
            tells: &[
                "write 0 commits at the source; its client gets the answer",
                "locks writers out of the source",
                "goes on without the marker at the target",
                "sends commit: accepted",
            ],
        },
        Case {
            mutation: Mutation::TrustLag,
            scope: one_write(),
            breaks: EXACTLY_ONCE,
            tells: &[
                "write 0 commits at the source; its client gets the answer",
                "goes on without the marker at the target",
                "sends commit: accepted",
            ],
        },
        Case {
            mutation: Mutation::MarkerMovedOnRetry,
            scope: with_a_fault(),
            breaks: PROOF,
            tells: &[
                "writes the catch-up marker",
                "change 1 arrives at the target",
                "crashes",
                "begins final-sync again",
                "writes the catch-up marker",
                "sends commit: accepted",
            ],
        },
        Case {
            mutation: Mutation::NoAbortCompareAndSet,
            scope: one_write().and_an_abort(),
            breaks: ONE_SIDE,
            tells: &[
                "orchestrator 1 of run 1 unlocks the source",
                "orchestrator 0 of run 1 sends commit: accepted",
                "opens the target",
            ],
        },
        Case {
            mutation: Mutation::UnlockBeforeAbort,
            scope: one_write().and_an_abort(),
            breaks: UNLOCK,
            tells: &[
                "locks writers out of the source",
                "orchestrator 1 of run 1 reads the lane: epoch 3, hold, and unlocks the source",
            ],
        },
        Case {
            mutation: Mutation::UnlockBeforeAbort,
            scope: one_write().and_an_abort(),
            breaks: ONE_SIDE,
            tells: &[
                "and unlocks the source",
                "orchestrator 0 of run 1 sends commit: accepted",
                "opens the target",
            ],
        },
        Case {
            mutation: Mutation::WriteFallback,
            scope: with_a_fault(),
            breaks: EXACTLY_ONCE,
            tells: &[
                "the connection of write 0 breaks: its outcome is unknown; the isolate sends it to the target",
                "write 0 commits at the source",
                "the target executes write 0 as well",
            ],
        },
        Case {
            mutation: Mutation::BarrierIgnored,
            scope: one_write(),
            breaks: NO_ERROR,
            tells: &[
                "write 0 is in an open transaction at the source",
                "does not wait until the edge is quiet",
                "ends the sessions at the source",
            ],
        },
        Case {
            mutation: Mutation::LateLockStays,
            scope: given_up(),
            breaks: CLEAN_END,
            tells: &[
                "finds nothing to unlock at the source",
                "orchestrator 0 of run 1 locks writers out of the source",
                "orchestrator 0 of run 1 reads the lane: epoch 4, aborting",
            ],
        },
    ]
}

#[test]
fn every_planted_fault_is_found() {
    for case in cases() {
        let scope = Scope {
            mutation: Some(case.mutation),
            ..case.scope
        };
        let story = counterexample(scope, case.breaks);
        println!(
            "{:?} breaks: {}\n  {}",
            case.mutation,
            case.breaks,
            story.join("\n  ")
        );
        let mut rest = story.iter();
        for sentence in case.tells {
            assert!(
                rest.any(|told| told.contains(sentence)),
                "{:?}: {sentence:?} is missing in\n  {}",
                case.mutation,
                story.join("\n  ")
            );
        }
    }
}
