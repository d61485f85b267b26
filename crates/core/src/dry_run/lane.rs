use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::PlannedSteps;
use crate::{
    Direction, Plan,
    ports::{Clock, Lane, PortError, PortResult},
    routing::{Command, Epoch, LaneRecord, Millis, Phase, Traffic, UnixMillis},
};

/// A lane that starts in the phase the stage expects and only simulates changes.
pub struct DryLane {
    real: Arc<dyn Lane>,
    enters_in: Option<Phase>,
    run_id: String,
    direction: Direction,
    pretended: Mutex<Option<LaneRecord>>,
    clock: Arc<dyn Clock>,
    steps: PlannedSteps,
}

impl DryLane {
    pub fn new(
        real: Arc<dyn Lane>,
        enters_in: Option<Phase>,
        plan: &Plan,
        direction: Direction,
        clock: Arc<dyn Clock>,
        steps: PlannedSteps,
    ) -> Self {
        Self {
            real,
            enters_in,
            run_id: plan.run_id.clone(),
            direction,
            pretended: Mutex::new(None),
            clock,
            steps,
        }
    }
}

#[async_trait]
impl Lane for DryLane {
    async fn read(&self) -> PortResult<LaneRecord> {
        if let Some(record) = &*self.pretended.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(record.clone());
        }
        let mut record = self.real.read().await?;
        if let Some(phase) = self.enters_in {
            record.phase = phase;
            record.run_id = Some(self.run_id.clone());
            record.towards = Some(self.direction.new_writer());
            record.hold_at_ms = Some(self.clock.now());
            record.hold_deadline_ms = Some(UnixMillis::MAX);
        }
        Ok(record)
    }

    /// The writes of the real lane, which goes on serving; the simulated hold ends them at once.
    async fn traffic(&self) -> PortResult<Traffic> {
        let real = self.real.traffic().await?;
        let held = self.read().await?.holds_writes(self.clock.now());
        Ok(if held {
            Traffic {
                open: 0,
                in_flight: 0,
                oldest_ms: Millis(0),
                ..real
            }
        } else {
            real
        })
    }

    async fn apply(&self, expected: Epoch, command: Command) -> PortResult<LaneRecord> {
        let before = self.read().await?;
        // A dry run does not wait for the hold to begin, so the scheduled time of the record stands for the
        // clock.
        let now = match &command {
            Command::Arm { .. } => UnixMillis(0),
            _ => before.hold_at_ms.unwrap_or_default(),
        };
        let mut after = before
            .apply(expected, &command, now)
            .map_err(|refusal| PortError::refused("the lane", refusal))?;
        if matches!(command, Command::Arm { .. }) {
            after.hold_at_ms = Some(self.clock.now());
        }
        self.steps
            .note(format!("lane: {} -> {}", before.phase, after.phase));
        *self.pretended.lock().unwrap_or_else(PoisonError::into_inner) = Some(after.clone());
        Ok(after)
    }
}
