use std::sync::Arc;

use async_trait::async_trait;

use super::PlannedSteps;
use crate::{
    Position, Stream,
    ports::{Journal, JournalEntry, NewStream, PortResult, Replication, StreamHealth, TableHealth},
};

/// Streams that are read for real and never changed.
pub struct DryReplication {
    real: Arc<dyn Replication>,
    steps: PlannedSteps,
}

impl DryReplication {
    pub fn new(real: Arc<dyn Replication>, steps: PlannedSteps) -> Self {
        Self { real, steps }
    }
}

#[async_trait]
impl Replication for DryReplication {
    fn name(&self, stream: Stream) -> String {
        self.real.name(stream)
    }

    async fn health(&self, stream: Stream) -> PortResult<Option<StreamHealth>> {
        self.real.health(stream).await
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
        Ok(())
    }

    async fn start(&self, stream: Stream, from: Option<&Position>) -> PortResult<()> {
        let position = from.map_or_else(|| "where it stopped".to_owned(), ToString::to_string);
        let name = self.name(stream);
        self.steps
            .note(format!("replication: start {name} from {position}"));
        Ok(())
    }

    async fn request_stop(&self, stream: Stream) -> PortResult<()> {
        let name = self.name(stream);
        self.steps.note(format!("replication: stop {name}"));
        Ok(())
    }

    async fn remove(&self, stream: Stream) -> PortResult<()> {
        let name = self.name(stream);
        self.steps.note(format!("replication: remove {name}"));
        Ok(())
    }
}

/// A journal that keeps quiet: a dry run leaves no trace in the history and wakes nobody.
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
