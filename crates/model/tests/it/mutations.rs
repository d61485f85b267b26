//! Each fault that is planted around the routing rules is found, with a counterexample in words.

use crossover_model::{
    Mutation, Scope,
    properties::{CLEAN_END, EXACTLY_ONCE, NO_ERROR, ONE_SIDE, PROOF, UNLOCK},
};

use crate::counterexample;

/// A fault, where it is planted, what it breaks, and sentences of the counterexample in their order.
struct Case {
    mutation: Mutation,
    scope: Scope,
    breaks: &'static str,
    tells: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let one = || Scope {
        writes: 1,
        ..Scope::cutover()
    };
    let with_a_fault = || Scope { faults: 1, ..one() };
    vec![
        Case {
            mutation: Mutation::NoMarkerAwaited,
            scope: one(),
            breaks: EXACTLY_ONCE,
            tells: &[],
        },
        Case {
            mutation: Mutation::TrustLag,
            scope: one(),
            breaks: EXACTLY_ONCE,
            tells: &[],
        },
        Case {
            mutation: Mutation::MarkerMovedOnRetry,
            scope: with_a_fault(),
            breaks: PROOF,
            tells: &[],
        },
        Case {
            mutation: Mutation::NoAbortCompareAndSet,
            scope: one().and_an_abort(),
            breaks: ONE_SIDE,
            tells: &[],
        },
        Case {
            mutation: Mutation::UnlockBeforeAbort,
            scope: one().and_an_abort(),
            breaks: UNLOCK,
            tells: &[],
        },
        Case {
            mutation: Mutation::UnlockBeforeAbort,
            scope: one().and_an_abort(),
            breaks: ONE_SIDE,
            tells: &[],
        },
        Case {
            mutation: Mutation::WriteFallback,
            scope: with_a_fault(),
            breaks: EXACTLY_ONCE,
            tells: &[],
        },
        Case {
            mutation: Mutation::BarrierIgnored,
            scope: one(),
            breaks: NO_ERROR,
            tells: &[],
        },
        Case {
            mutation: Mutation::LateLockStays,
            scope: one().and_an_abort(),
            breaks: CLEAN_END,
            tells: &[],
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
