//! A stage with one planned fault. The tests put it in the place of a good one to prove that the fault is survived, or
//! found.
//!
//! `CROSSOVER_FAULT` names the fault. MiniStack starts functions from a `bootstrap`, which the tests write as a script that
//! sets it.

mod blind_database;
mod crashing_lane;
mod hanging_drain;

use std::{process::ExitCode, sync::Arc};

use async_trait::async_trait;
use connection_drain::ConnectionDrain;
use crossover_core::{Stage, StageContext, StageError, StageName, routing::Phase};
use crossover_lambda_kit::{serve, start};
use final_sync::FinalSync;

use blind_database::BlindDatabase;
use crashing_lane::{CrashPoint, CrashingLane};
use hanging_drain::HangingDrain;

fn main() -> ExitCode {
    let fault = std::env::var("CROSSOVER_FAULT").unwrap_or_default();
    start(|configuration| match fault.as_str() {
        "drain-ends-no-session" => serve(spoilt(ConnectionDrain, blind), configuration),
        "final-sync-sees-no-writer" => serve(spoilt(FinalSync, blind), configuration),
        "final-sync-crashes-before-commit" => serve(spoilt(FinalSync, crash_before_commit), configuration),
        "final-sync-crashes-after-commit" => serve(spoilt(FinalSync, crash_after_commit), configuration),
        "drain-hangs-in-the-pause" => serve(HangingDrain, configuration),
        other => Err(format!("CROSSOVER_FAULT is {other:?}, which is no fault of this program").into()),
    })
}

/// A real stage in a spoilt world.
struct Faulty<S> {
    stage: S,
    spoil: fn(StageContext) -> StageContext,
}

fn spoilt<S: Stage>(stage: S, spoil: fn(StageContext) -> StageContext) -> Faulty<S> {
    Faulty { stage, spoil }
}

#[async_trait]
impl<S: Stage> Stage for Faulty<S> {
    const NAME: StageName = S::NAME;
    const ENTERS_IN: Option<Phase> = S::ENTERS_IN;
    const ENDS_IN_PAUSE: bool = S::ENDS_IN_PAUSE;
    type Input = S::Input;
    type Output = S::Output;

    async fn run(&self, ctx: &StageContext, input: S::Input) -> Result<S::Output, StageError> {
        self.stage.run(&(self.spoil)(ctx.clone()), input).await
    }

    async fn undo(&self, ctx: &StageContext) -> Result<(), StageError> {
        self.stage.undo(ctx).await
    }
}

/// Writers are locked out, but the sessions they have live on, and nobody looks.
fn blind(ctx: StageContext) -> StageContext {
    StageContext {
        old_writer: Arc::new(BlindDatabase(Arc::clone(&ctx.old_writer))),
        ..ctx
    }
}

fn crash_before_commit(ctx: StageContext) -> StageContext {
    StageContext {
        lane: Arc::new(CrashingLane {
            lane: Arc::clone(&ctx.lane),
            point: CrashPoint::BeforeCommit,
        }),
        ..ctx
    }
}

fn crash_after_commit(ctx: StageContext) -> StageContext {
    StageContext {
        lane: Arc::new(CrashingLane {
            lane: Arc::clone(&ctx.lane),
            point: CrashPoint::AfterCommit,
        }),
        ..ctx
    }
}
