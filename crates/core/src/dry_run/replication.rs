use std::sync::Arc;

use async_trait::async_trait;

use super::PlannedSteps;
use crate::{
    ports::{CdcTask, Journal, JournalEntry, PortResult, Replication, TableReplication, TaskStatus},
    position::Position,
};

/// Tasks that are read for real and never changed.
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
    async fn task(&self, task: &str) -> PortResult<Option<TaskStatus>> {
        self.real.task(task).await
    }

    async fn tables(&self, task: &str) -> PortResult<Vec<TableReplication>> {
        self.real.tables(task).await
    }

    async fn create(&self, spec: &CdcTask) -> PortResult<()> {
        self.steps.note(format!(
            "replication: create task {} over slot {} with {} tables",
            spec.task,
            spec.slot,
            spec.tables.len()
        ));
        Ok(())
    }

    async fn start(&self, task: &str, from: Option<&Position>) -> PortResult<()> {
        let position = from.map_or_else(|| "where it stopped".to_owned(), |position| position.to_string());
        self.steps
            .note(format!("replication: start task {task} from {position}"));
        Ok(())
    }

    async fn request_stop(&self, task: &str) -> PortResult<()> {
        self.steps.note(format!("replication: stop task {task}"));
        Ok(())
    }

    async fn delete(&self, task: &str) -> PortResult<()> {
        self.steps.note(format!("replication: delete task {task}"));
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
