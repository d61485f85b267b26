//! Everything a stage works on, with the two databases already in the order of the run's direction.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Direction, Plan, StageError, StageName, Stream,
    ports::{Clock, Database, Journal, JournalEntry, Lane, Metrics, PortError, PortResult, Replication},
    routing::{Command, LaneRecord, Phase, Side},
};

/// The plan of one run and the ports to everything it reads and changes.
#[derive(Clone)]
pub struct StageContext {
    pub plan: Plan,
    pub direction: Direction,
    /// The database that is the writer when the run starts.
    pub old_writer: Database,
    /// The database that is the writer when the run has committed.
    pub new_writer: Database,
    pub lane: Arc<dyn Lane>,
    pub replication: Arc<dyn Replication>,
    pub metrics: Arc<dyn Metrics>,
    pub journal: Arc<dyn Journal>,
    pub clock: Arc<dyn Clock>,
}

impl StageContext {
    /// Both databases with their sides, the old writer first.
    pub const fn sides(&self) -> [(Side, &Database); 2] {
        [
            (self.direction.old_writer(), &self.old_writer),
            (self.direction.new_writer(), &self.new_writer),
        ]
    }

    /// The stream that carries changes from the old writer to the new writer.
    pub const fn stream(&self) -> Stream {
        Stream::of_run(self.direction)
    }

    /// The stream that carries changes from the new writer back to the old writer after the commit.
    pub const fn reverse_stream(&self) -> Stream {
        Stream::back_after(self.direction)
    }

    /// Name of the retained position, in the new writer, that reverse replication reads from.
    pub fn reverse_position(&self) -> String {
        self.plan.reverse_position(self.direction)
    }

    /// Appends a line to the run's history.
    pub async fn record(&self, stage: StageName, event: &str, detail: Value) -> PortResult<()> {
        let Plan {
            migration_id,
            run_id,
            lane,
            ..
        } = self.plan.clone();
        let entry = JournalEntry {
            migration_id,
            run_id,
            lane,
            stage: stage.to_string(),
            event: event.to_owned(),
            at_ms: self.clock.now(),
            detail,
        };
        self.journal.append(entry).await
    }

    /// The lane's record.
    ///
    /// # Errors
    /// `LaneInUse` while another run holds the lane.
    pub async fn own_lane(&self) -> Result<LaneRecord, StageError> {
        let record = self.lane.read().await?;
        let busy = !matches!(record.phase, Phase::ServeSource | Phase::ServeTarget);
        if busy && !self.is_ours(&record) {
            return Err(self.taken(&record));
        }
        Ok(record)
    }

    /// Whether this run holds the lane, or was the last run that held it.
    pub fn is_ours(&self, record: &LaneRecord) -> bool {
        record.run_id.as_deref() == Some(self.plan.run_id.as_str())
    }

    /// Whether this run has committed, even if the new writer does not serve yet. A completion never commits.
    pub fn has_committed(&self, record: &LaneRecord) -> bool {
        !record.completed
            && self.is_ours(record)
            && (record.phase == Phase::Committed
                || (record.phase == self.serving() && record.writer == self.direction.new_writer()))
    }

    /// Whether this run was aborted: before it armed the lane, or after it.
    pub fn was_aborted(&self, record: &LaneRecord) -> bool {
        self.is_ours(record)
            && (record.phase == Phase::Aborting || record.phase == self.direction.old_writer().served())
    }

    /// An operator may abort the run while a stage waits; the lane knows it.
    ///
    /// # Errors
    /// [`StageError::LaneAborted`] if this run was aborted.
    pub async fn require_not_aborted(&self) -> Result<(), StageError> {
        let record = self.lane.read().await?;
        if self.was_aborted(&record) {
            return Err(StageError::LaneAborted { lane: record.lane });
        }
        Ok(())
    }

    /// The phase of a lane that the new writer serves.
    pub const fn serving(&self) -> Phase {
        match self.direction {
            Direction::Forward => Phase::ServeTarget,
            Direction::Reverse => Phase::ServeSource,
        }
    }

    /// Applies a command to the lane if the lane still has the epoch of `record`. When the answer is lost,
    /// the lane is read to see whether the command was applied.
    pub async fn command(&self, record: &LaneRecord, command: Command) -> Result<LaneRecord, StageError> {
        match self.lane.apply(record.epoch, command.clone()).await {
            Ok(changed) => Ok(changed),
            Err(error @ PortError::Unreachable { .. }) => {
                let now = self.lane.read().await?;
                if self.is_ours(&now)
                    && now.epoch == record.epoch.next()
                    && record
                        .next(&command, self.clock.now())
                        .is_ok_and(|r| r.phase == now.phase)
                {
                    return Ok(now);
                }
                Err(error.into())
            }
            Err(PortError::Refused { reason, .. }) => Err(StageError::LaneRefused {
                lane: self.plan.lane.clone(),
                reason,
            }),
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
            holder: record
                .run_id
                .clone()
                .unwrap_or_else(|| "(none recorded)".to_owned()),
            run_id: self.plan.run_id.clone(),
        }
    }
}
