//! A dry run: the same stages, with a second implementation of every port that writes.
//!
//! Changes are recorded instead of made; reads go to the real systems. The steps that a dry run shows
//! therefore come from the same code as a real run and cannot diverge from it.

mod database;
mod lane;
mod replication;

use std::sync::{Arc, Mutex, PoisonError};

use crate::{StageContext, routing::Phase};

/// What a dry run would have done, in order.
#[derive(Debug, Clone, Default)]
pub struct PlannedSteps(Arc<Mutex<Vec<String>>>);

impl PlannedSteps {
    /// Records one step.
    pub fn note(&self, step: impl Into<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(step.into());
    }

    /// Returns the steps recorded so far and clears the list.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Replaces every writing port of a context. `enters_in` is the phase that the lane would have when the stage
/// starts.
pub fn over(ctx: StageContext, enters_in: Option<Phase>) -> (StageContext, PlannedSteps) {
    let steps = PlannedSteps::default();
    let (old_name, new_name) = match ctx.direction {
        crate::Direction::Forward => ("source", "target"),
        crate::Direction::Reverse => ("target", "source"),
    };
    let dry = StageContext {
        old_writer: database::over(old_name, &ctx.old_writer, &ctx, steps.clone()),
        new_writer: database::over(new_name, &ctx.new_writer, &ctx, steps.clone()),
        lane: Arc::new(lane::DryLane::new(
            Arc::clone(&ctx.lane),
            enters_in,
            &ctx.plan,
            ctx.direction,
            Arc::clone(&ctx.clock),
            steps.clone(),
        )),
        replication: Arc::new(replication::DryReplication::new(
            Arc::clone(&ctx.replication),
            ctx.reverse_stream(),
            steps.clone(),
        )),
        journal: Arc::new(replication::DryJournal(steps.clone())),
        metrics: Arc::clone(&ctx.metrics),
        clock: Arc::clone(&ctx.clock),
        plan: ctx.plan,
        direction: ctx.direction,
    };
    (dry, steps)
}
