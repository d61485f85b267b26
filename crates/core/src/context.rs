//! Everything a stage works on, already turned the right way round for the run's direction.

use std::sync::Arc;

use crate::{
    Direction, Plan, StageError,
    ports::{Clock, Database, Journal, Lane, Metrics, PortError, Replication},
    routing::{Command, LaneRecord, Phase},
};

/// The world of one run.
#[derive(Clone)]
pub struct StageContext {
    pub plan: Plan,
    pub direction: Direction,
    /// The database that is the writer when the run starts.
    pub old_writer: Arc<dyn Database>,
    /// The database that is the writer when the run has committed.
    pub new_writer: Arc<dyn Database>,
    pub lane: Arc<dyn Lane>,
    pub replication: Arc<dyn Replication>,
    pub metrics: Arc<dyn Metrics>,
    pub journal: Arc<dyn Journal>,
    pub clock: Arc<dyn Clock>,
}

impl StageContext {
    /// The task that carries changes from `from` to `to`.
    pub fn stream(&self) -> &str {
        match self.direction {
            Direction::Forward => &self.plan.replication.forward_task,
            Direction::Reverse => &self.plan.replication.reverse_task,
        }
    }

    /// The task that carries changes from `to` back to `from` once the run has committed.
    pub fn reverse_stream(&self) -> &str {
        match self.direction {
            Direction::Forward => &self.plan.replication.reverse_task,
            Direction::Reverse => &self.plan.replication.post_rollback_task,
        }
    }

    /// Name of the slot reverse replication reads from, in the database that becomes the writer.
    pub fn reverse_slot(&self) -> String {
        self.plan.slot_name(self.direction)
    }

    /// The lane's record, if it is not in the hands of another run.
    pub async fn own_lane(&self) -> Result<LaneRecord, StageError> {
        let record = self.lane.read().await?;
        let busy = !matches!(record.phase, Phase::ServeSource | Phase::ServeTarget);
        if busy && !self.is_ours(&record) {
            return Err(self.taken(&record));
        }
        Ok(record)
    }

    /// The lane is in the hands of this run, or was last.
    pub fn is_ours(&self, record: &LaneRecord) -> bool {
        record.run_id.as_deref() == Some(self.plan.run_id.as_str())
    }

    /// This run has won the lane: its commit is made, whether or not the new writer serves already.
    pub fn has_committed(&self, record: &LaneRecord) -> bool {
        self.is_ours(record)
            && (record.phase == Phase::Committed
                || (record.phase == self.serving() && record.writer == self.direction.new_writer()))
    }

    /// The phase of a lane that `to` serves.
    pub const fn serving(&self) -> Phase {
        match self.direction {
            Direction::Forward => Phase::ServeTarget,
            Direction::Reverse => Phase::ServeSource,
        }
    }

    /// Applies a command to the lane as it was read. When the answer is lost the lane itself tells whether it was done.
    pub async fn command(&self, record: &LaneRecord, command: Command) -> Result<LaneRecord, StageError> {
        match self.lane.apply(record.epoch, command.clone()).await {
            Ok(changed) => Ok(changed),
            Err(PortError::Unreachable { what, reason }) => {
                let now = self.lane.read().await?;
                if self.is_ours(&now)
                    && now.epoch == record.epoch.next()
                    && record
                        .next(&command, self.clock.now())
                        .is_ok_and(|r| r.phase == now.phase)
                {
                    return Ok(now);
                }
                Err(StageError::Unreachable(format!(
                    "{what} cannot be reached: {reason}"
                )))
            }
            Err(other) => Err(StageError::LaneRefused {
                lane: self.plan.lane.clone(),
                reason: other.to_string(),
            }),
        }
    }

    fn taken(&self, record: &LaneRecord) -> StageError {
        StageError::LaneInUse {
            lane: self.plan.lane.clone(),
            phase: record.phase.to_string(),
            holder: record.run_id.clone().unwrap_or_else(|| "nobody".to_owned()),
            run_id: self.plan.run_id.clone(),
        }
    }
}
