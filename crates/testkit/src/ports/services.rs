//! The ports of a run other than the two databases: lane, replication, metrics, journal, clock.

use async_trait::async_trait;
use crossover_core::{
    Millis, Position, Stream,
    catalogue::TableName,
    ports::{
        Clock, Figure, Journal, JournalEntry, Lane, Metrics, NewStream, PortError, PortResult, Replication,
        StreamHealth, TableHealth,
    },
    routing::{Command, Epoch, LaneRecord, Phase, Traffic, UnixMillis},
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

    async fn traffic(&self) -> PortResult<Traffic> {
        self.0
            .call("lane.traffic".to_owned(), |state| Ok(state.edge_traffic()))
            .await
    }

    async fn apply(&self, expected: Epoch, command: Command) -> PortResult<LaneRecord> {
        let name = format!("lane.apply({})", command.name());
        self.0
            .call(name, |state| {
                let applied = state.lane.apply(expected, &command, UnixMillis(state.now));
                state.lane = match applied {
                    Ok(after) => after,
                    Err(refusal) => apply_unchecked(state, &command)
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

/// The record that a lane with a defect accepts; `None` when no injected defect lets the command pass.
fn apply_unchecked(state: &State, command: &Command) -> Option<LaneRecord> {
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
    fn name(&self, stream: Stream) -> String {
        stream.to_string()
    }

    fn supports_whole_row_identity(&self) -> bool {
        self.0.shared.lock().behaviour.whole_row_identity
    }

    async fn health(&self, stream: Stream) -> PortResult<Option<StreamHealth>> {
        self.0
            .call("replication.health".to_owned(), |state| {
                Ok(state.tasks.get(&stream).map(|t| StreamHealth {
                    state: t.state.clone(),
                    loaded_percent: t.loaded_percent,
                    last_failure: t.last_failure.clone(),
                }))
            })
            .await
    }

    async fn tables(&self, stream: Stream) -> PortResult<Vec<TableHealth>> {
        self.0
            .call("replication.tables".to_owned(), |state| {
                let found = state
                    .tasks
                    .get(&stream)
                    .ok_or_else(|| PortError::missing(stream.to_string()))?;
                let healthy = |table: &TableName| TableHealth {
                    table: table.clone(),
                    follows: true,
                    state: "follows".to_owned(),
                };
                Ok(found.tables.iter().map(healthy).collect())
            })
            .await
    }

    async fn prepare(&self, new: &NewStream) -> PortResult<()> {
        self.0
            .call("replication.prepare".to_owned(), |state| {
                state.create_task(new);
                Ok(())
            })
            .await
    }

    async fn start(&self, stream: Stream, from: Option<&Position>) -> PortResult<()> {
        self.0
            .call("replication.start".to_owned(), |state| {
                state.start_task(stream, from)
            })
            .await
    }

    async fn request_stop(&self, stream: Stream) -> PortResult<()> {
        self.0
            .call("replication.request_stop".to_owned(), |state| {
                state.stop_task(stream)
            })
            .await
    }

    async fn remove(&self, stream: Stream) -> PortResult<()> {
        self.0
            .call("replication.remove".to_owned(), |state| state.delete_task(stream))
            .await
    }
}

pub(super) struct MemoryMetrics(pub(super) Port);

#[async_trait]
impl Metrics for MemoryMetrics {
    async fn lag(&self, _stream: Stream) -> PortResult<Option<Figure<Millis>>> {
        self.0
            .call("metrics.lag".to_owned(), |state| Ok(state.behaviour.lag))
            .await
    }

    async fn cpu(&self, _server: &str) -> PortResult<Option<Figure<u32>>> {
        self.0
            .call("metrics.cpu".to_owned(), |state| Ok(state.behaviour.cpu))
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
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.lock().now)
    }

    async fn sleep(&self, length: Millis) {
        let until = self.now() + length;
        sleep_until(self.0.clone(), until.0).await;
    }
}
