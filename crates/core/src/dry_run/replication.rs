use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use super::PlannedSteps;
use crate::{
    Position, Stream,
    ports::{
        Journal, JournalEntry, NewStream, PortResult, Replication, StreamHealth, StreamState, TableHealth,
    },
};

/// Reads the real streams and never changes them. Simulated changes of a stream's state are kept, so that a
/// stage finds the streams it has prepared, started, stopped or removed.
pub struct DryReplication {
    real: Arc<dyn Replication>,
    /// Simulated states; `None` for a stream that would be removed.
    pretended: Mutex<BTreeMap<Stream, Option<StreamState>>>,
    steps: PlannedSteps,
}

impl DryReplication {
    /// `prepared` is the stream that an earlier stage of the same run would have created.
    pub fn new(real: Arc<dyn Replication>, prepared: Stream, steps: PlannedSteps) -> Self {
        Self {
            real,
            pretended: Mutex::new(BTreeMap::from([(prepared, Some(StreamState::Ready))])),
            steps,
        }
    }

    fn pretend(&self, stream: Stream, state: Option<StreamState>) {
        self.lock().insert(stream, state);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Stream, Option<StreamState>>> {
        self.pretended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Replication for DryReplication {
    fn name(&self, stream: Stream) -> String {
        self.real.name(stream)
    }

    fn supports_whole_row_identity(&self) -> bool {
        self.real.supports_whole_row_identity()
    }

    async fn health(&self, stream: Stream) -> PortResult<Option<StreamHealth>> {
        let pretended = self.lock().get(&stream).cloned();
        let Some(state) = pretended else {
            return self.real.health(stream).await;
        };
        Ok(state.map(|state| StreamHealth {
            state,
            loaded_percent: 100,
            last_failure: None,
        }))
    }

    async fn tables(&self, stream: Stream) -> PortResult<Vec<TableHealth>> {
        self.real.tables(stream).await
    }

    async fn prepare(&self, new: &NewStream) -> PortResult<()> {
        self.steps.note(format!(
            "replication: prepare {} from the retained position {} with {} tables",
            self.name(new.stream),
            new.retained,
            new.tables.len()
        ));
        self.pretend(new.stream, Some(StreamState::Ready));
        Ok(())
    }

    async fn start(&self, stream: Stream, from: Option<&Position>) -> PortResult<()> {
        let position = from.map_or_else(|| "the position where it stopped".to_owned(), ToString::to_string);
        let name = self.name(stream);
        self.steps
            .note(format!("replication: start {name} from {position}"));
        self.pretend(stream, Some(StreamState::Running));
        Ok(())
    }

    async fn request_stop(&self, stream: Stream) -> PortResult<()> {
        let name = self.name(stream);
        self.steps.note(format!("replication: stop {name}"));
        self.pretend(stream, Some(StreamState::Stopped));
        Ok(())
    }

    async fn remove(&self, stream: Stream) -> PortResult<()> {
        let name = self.name(stream);
        self.steps.note(format!("replication: remove {name}"));
        self.pretend(stream, None);
        Ok(())
    }
}

/// Writes no history and sends no notification.
pub struct DryJournal(pub PlannedSteps);

#[async_trait]
impl Journal for DryJournal {
    async fn append(&self, _entry: JournalEntry) -> PortResult<()> {
        Ok(())
    }

    async fn notify(&self, subject: &str, _text: &str) -> PortResult<()> {
        self.0.note(format!("notify: {subject}"));
        Ok(())
    }
}
