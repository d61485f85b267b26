//! Everything a run reaches beside its two databases: lane, replication, metrics, journal, clock.

use async_trait::async_trait;
use crossover_core::{
    Lsn,
    catalogue::TableName,
    ports::{
        CdcTask, Clock, Journal, JournalEntry, Lane, Metrics, PortError, PortResult, Replication,
        TableReplication, TaskStatus, metrics::LagSample,
    },
    routing::{Command, Epoch, LaneRecord, Phase, UnixMillis},
};

use super::Port;
use crate::{
    defect::Defect,
    executor::sleep_until,
    state::{Shared, State},
};

pub(super) struct MemoryLane(pub(super) Port);

#[async_trait]
impl Lane for MemoryLane {
    async fn read(&self) -> PortResult<LaneRecord> {
        self.0
            .call("lane.read".to_owned(), |state| Ok(state.lane.clone()))
            .await
    }

    async fn apply(&self, expected: Epoch, command: Command) -> PortResult<LaneRecord> {
        let name = format!("lane.apply({})", command.name());
        self.0
            .call(name, |state| {
                let applied = state.lane.apply(expected, &command, UnixMillis(state.now));
                state.lane = match applied {
                    Ok(after) => after,
                    Err(refusal) => careless(state, &command)
                        .ok_or_else(|| PortError::refused(format!("lane {}", state.plan.lane), refusal))?,
                };
                if state.has_defect(Defect::LaneForgetsEpoch) {
                    state.lane.epoch = expected;
                }
                Ok(state.lane.clone())
            })
            .await
    }
}

/// What a lane without its checks would do.
fn careless(state: &State, command: &Command) -> Option<LaneRecord> {
    let lane = &state.lane;
    if state.has_defect(Defect::LaneWithoutDeadline) && matches!(command, Command::Commit { .. }) {
        return lane.next(command, lane.hold_at_ms.unwrap_or_default()).ok();
    }
    let moved = |phase, writer| LaneRecord {
        phase,
        writer,
        epoch: lane.epoch.next(),
        ..lane.clone()
    };
    match command {
        _ if !state.has_defect(Defect::LaneWithoutCas) => None,
        Command::Commit { .. } => Some(moved(Phase::Committed, lane.towards?)),
        Command::Abort { .. } => Some(moved(Phase::Aborting, lane.writer)),
        _ => lane.next(command, UnixMillis(state.now)).ok(),
    }
}

pub(super) struct MemoryReplication(pub(super) Port);

#[async_trait]
impl Replication for MemoryReplication {
    async fn task(&self, task: &str) -> PortResult<Option<TaskStatus>> {
        self.0
            .call("replication.task".to_owned(), |state| {
                Ok(state.tasks.get(task).map(|t| TaskStatus {
                    task: task.to_owned(),
                    state: t.state.clone(),
                    full_load_percent: t.full_load_percent,
                    last_failure: t.last_failure.clone(),
                }))
            })
            .await
    }

    async fn tables(&self, task: &str) -> PortResult<Vec<TableReplication>> {
        self.0
            .call("replication.tables".to_owned(), |state| {
                let found = state
                    .tasks
                    .get(task)
                    .ok_or_else(|| PortError::missing(format!("task {task}")))?;
                let healthy = |table: &TableName| TableReplication {
                    table: table.clone(),
                    state: "Table completed".to_owned(),
                    inserts: 0,
                    updates: 0,
                    deletes: 0,
                    full_load_rows: 0,
                };
                Ok(found.tables.iter().map(healthy).collect())
            })
            .await
    }

    async fn create(&self, spec: &CdcTask) -> PortResult<()> {
        self.0
            .call("replication.create".to_owned(), |state| state.create_task(spec))
            .await
    }

    async fn start(&self, task: &str, from: Option<Lsn>) -> PortResult<()> {
        self.0
            .call("replication.start".to_owned(), |state| {
                state.start_task(task, from)
            })
            .await
    }

    async fn request_stop(&self, task: &str) -> PortResult<()> {
        self.0
            .call("replication.request_stop".to_owned(), |state| {
                state.stop_task(task)
            })
            .await
    }

    async fn delete(&self, task: &str) -> PortResult<()> {
        self.0
            .call("replication.delete".to_owned(), |state| state.delete_task(task))
            .await
    }
}

pub(super) struct MemoryMetrics(pub(super) Port);

#[async_trait]
impl Metrics for MemoryMetrics {
    async fn cdc_lag(&self, _task: &str) -> PortResult<Option<LagSample>> {
        self.0
            .call("metrics.cdc_lag".to_owned(), |state| Ok(state.behaviour.lag))
            .await
    }
}

pub(super) struct MemoryJournal(pub(super) Port);

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, entry: JournalEntry) -> PortResult<()> {
        self.0
            .call("journal.append".to_owned(), |state| {
                state.journal.push(entry);
                Ok(())
            })
            .await
    }

    async fn notify(&self, subject: &str, text: &str) -> PortResult<()> {
        self.0
            .call("journal.notify".to_owned(), |state| {
                state.notices.push(format!("{subject}: {text}"));
                Ok(())
            })
            .await
    }
}

pub(super) struct VirtualClock(pub(super) Shared);

#[async_trait]
impl Clock for VirtualClock {
    fn now_ms(&self) -> u64 {
        self.0.lock().now
    }

    async fn sleep_ms(&self, ms: u64) {
        let until = self.now_ms() + ms;
        sleep_until(self.0.clone(), until).await;
    }
}
