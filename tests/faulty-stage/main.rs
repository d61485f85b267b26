//! A stage with one planned fault. The tests use it instead of the real stage, to prove that the fault is
//! survived or found.
//!
//! `CROSSOVER_FAULT` names the fault. MiniStack starts functions from a `bootstrap`; the tests write a script
//! that sets the variable.

mod blind_writer;
mod crashing_lane;
mod hanging_drain;

use std::{process::ExitCode, sync::Arc};

use async_trait::async_trait;
use crossover_core::{
    Registry, Stage, StageContext, StageError, StageName, ports::Database, routing::Phase, stage::UndoTime,
};
use crossover_lambda_kit::start;
use crossover_stages::{connection_drain::ConnectionDrain, final_sync::FinalSync};

use blind_writer::BlindWriter;
use crashing_lane::{CrashPoint, CrashingLane};
use hanging_drain::HangingDrain;

fn main() -> ExitCode {
    let fault = std::env::var("CROSSOVER_FAULT").unwrap_or_default();
    let stages = Registry::default();
    let stages = match fault.as_str() {
        "drain-ends-no-session" => stages.with(faulty(ConnectionDrain, blind)),
        "final-sync-sees-no-writer" => stages.with(faulty(FinalSync, blind)),
        "final-sync-crashes-before-commit" => stages.with(faulty(FinalSync, crash_before_commit)),
        "final-sync-crashes-after-commit" => stages.with(faulty(FinalSync, crash_after_commit)),
        "drain-hangs-in-the-pause" => stages.with(HangingDrain),
        other => {
            eprintln!("error: CROSSOVER_FAULT is {other:?}, which is not a fault of this program");
            return ExitCode::FAILURE;
        }
    };
    start(&stages)
}

/// A real stage whose context has a fault.
struct Faulty<S> {
    stage: S,
    inject: fn(StageContext) -> StageContext,
}

fn faulty<S: Stage>(stage: S, inject: fn(StageContext) -> StageContext) -> Faulty<S> {
    Faulty { stage, inject }
}

#[async_trait]
impl<S: Stage> Stage for Faulty<S> {
    const NAME: StageName = S::NAME;
    const PURPOSE: &'static str = S::PURPOSE;
    const ENTERS_IN: Option<Phase> = S::ENTERS_IN;
    const ENDS_IN_PAUSE: bool = S::ENDS_IN_PAUSE;
    const UNDO_TIME: UndoTime = S::UNDO_TIME;
    type Input = S::Input;
    type Output = S::Output;

    async fn run(&self, ctx: &StageContext, input: S::Input) -> Result<S::Output, StageError> {
        self.stage.run(&(self.inject)(ctx.clone()), input).await
    }

    async fn undo(&self, ctx: &StageContext) -> Result<Vec<String>, StageError> {
        self.stage.undo(ctx).await
    }
}

/// Writers are locked out, but their sessions are not ended, and the check for writer sessions finds none.
fn blind(ctx: StageContext) -> StageContext {
    StageContext {
        old_writer: Database {
            writes: Arc::new(BlindWriter(Arc::clone(&ctx.old_writer.writes))),
            ..ctx.old_writer.clone()
        },
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
