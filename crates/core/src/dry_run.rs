//! A dry run: the same stages over second implementations of the ports that write.
//!
//! Whatever a stage would change is written down instead; whatever it reads is the real thing. So the plan that is
//! shown comes from the very sequence that runs, and cannot drift from it.

mod database;
mod lane;
mod replication;

use std::sync::{Arc, Mutex, PoisonError};

use crate::{StageContext, routing::Phase};

/// What a dry run would have done, in order.
#[derive(Debug, Clone, Default)]
pub struct PlannedSteps(Arc<Mutex<Vec<String>>>);

impl PlannedSteps {
    /// Writes one step down.
    pub fn note(&self, step: impl Into<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(step.into());
    }

    /// All steps so far.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The same world with every writing port replaced. `enters_in` is the phase the lane would be in by now.
pub fn over(ctx: StageContext, enters_in: Option<Phase>) -> (StageContext, PlannedSteps) {
    let steps = PlannedSteps::default();
    let (from_name, to_name) = match ctx.direction {
        crate::Direction::Forward => ("source", "target"),
        crate::Direction::Reverse => ("target", "source"),
    };
    let dry = StageContext {
        old_writer: Arc::new(database::DryDatabase::new(
            from_name,
            Arc::clone(&ctx.old_writer),
            Arc::clone(&ctx.clock),
            ctx.plan.limits.max_lag_ms,
            steps.clone(),
        )),
        new_writer: Arc::new(database::DryDatabase::new(
            to_name,
            Arc::clone(&ctx.new_writer),
            Arc::clone(&ctx.clock),
            ctx.plan.limits.max_lag_ms,
            steps.clone(),
        )),
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
