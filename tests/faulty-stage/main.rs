//! A stage with one planned fault. The tests put it in the place of a good one to prove that the fault is survived, or
//! found.
//!
//! `CROSSOVER_FAULT` names the fault. MiniStack starts functions from a `bootstrap`, which the tests write as a script that
//! sets it.

mod blind_database;
mod crashing_lane;
mod hanging_drain;

use std::sync::Arc;

use async_trait::async_trait;
use connection_drain::ConnectionDrain;
use crossover_core::{Stage, StageError, StageName, World, routing::Phase};
use crossover_lambda_kit::serve;
use final_sync::FinalSync;
use lambda_runtime::Error;

use blind_database::BlindDatabase;
use crashing_lane::{CrashingLane, Moment};
use hanging_drain::HangingDrain;

fn main() -> Result<(), Error> {
    let fault = std::env::var("CROSSOVER_FAULT").unwrap_or_default();
    match fault.as_str() {
        "drain-ends-no-session" => serve(Faulty {
            stage: ConnectionDrain,
            spoil: blind,
        }),
        "final-sync-sees-no-writer" => serve(Faulty {
            stage: FinalSync,
            spoil: blind,
        }),
        "final-sync-crashes-before-commit" => serve(Faulty {
            stage: FinalSync,
            spoil: crash_before_commit,
        }),
        "final-sync-crashes-after-commit" => serve(Faulty {
            stage: FinalSync,
            spoil: crash_after_commit,
        }),
        "drain-hangs-in-the-pause" => serve(HangingDrain),
        other => Err(format!("CROSSOVER_FAULT is {other:?}, which is no fault of this program").into()),
    }
}

/// A real stage in a spoilt world.
struct Faulty<S> {
    stage: S,
    spoil: fn(World) -> World,
}

#[async_trait]
impl<S: Stage> Stage for Faulty<S> {
    const NAME: StageName = S::NAME;
    const ENTERS_IN: Option<Phase> = S::ENTERS_IN;
    const ENDS_IN_PAUSE: bool = S::ENDS_IN_PAUSE;
    type Input = S::Input;
    type Output = S::Output;

    async fn run(&self, world: &World, input: S::Input) -> Result<S::Output, StageError> {
        self.stage.run(&(self.spoil)(world.clone()), input).await
    }

    async fn undo(&self, world: &World) -> Result<(), StageError> {
        self.stage.undo(world).await
    }
}

/// Writers are locked out, but the sessions they have live on, and nobody looks.
fn blind(world: World) -> World {
    World {
        from: Arc::new(BlindDatabase(Arc::clone(&world.from))),
        ..world
    }
}

fn crash_before_commit(world: World) -> World {
    World {
        lane: Arc::new(CrashingLane {
            lane: Arc::clone(&world.lane),
            moment: Moment::BeforeCommit,
        }),
        ..world
    }
}

fn crash_after_commit(world: World) -> World {
    World {
        lane: Arc::new(CrashingLane {
            lane: Arc::clone(&world.lane),
            moment: Moment::AfterCommit,
        }),
        ..world
    }
}
