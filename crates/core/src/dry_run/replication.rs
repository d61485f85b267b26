use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use super::PlannedSteps;
use crate::{
    lsn::Lsn,
    ports::{
        CdcTask, Journal, JournalEntry, PortResult, Replication, TableReplication, TaskState, TaskStatus,
    },
};

/// Tasks that are read for real and never changed. What was created, started, stopped and removed is remembered, so that a stage finds
/// what it has made.
pub struct DryReplication {
    real: Arc<dyn Replication>,
    /// Tasks as they would be by now; none: removed.
    pretended: Mutex<BTreeMap<String, Option<TaskState>>>,
    steps: PlannedSteps,
}

impl DryReplication {
    /// `prepared` is a task that an earlier stage of the same run would have made by now.
    pub fn new(real: Arc<dyn Replication>, prepared: &str, steps: PlannedSteps) -> Self {
        Self {
            real,
            pretended: Mutex::new(BTreeMap::from([(prepared.to_owned(), Some(TaskState::Ready))])),
            steps,
        }
    }

    fn pretend(&self, task: &str, state: Option<TaskState>) {
        self.lock().insert(task.to_owned(), state);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Option<TaskState>>> {
        self.pretended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Replication for DryReplication {
    async fn task(&self, task: &str) -> PortResult<Option<TaskStatus>> {
        let pretended = self.lock().get(task).cloned();
        let Some(state) = pretended else {
            return self.real.task(task).await;
        };
        Ok(state.map(|state| TaskStatus {
            task: task.to_owned(),
            state,
            full_load_percent: 100,
            last_failure: None,
        }))
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
        self.pretend(&spec.task, Some(TaskState::Ready));
        Ok(())
    }

    async fn start(&self, task: &str, from: Option<Lsn>) -> PortResult<()> {
        let position = from.map_or_else(|| "where it stopped".to_owned(), |lsn| lsn.to_string());
        self.steps
            .note(format!("replication: start task {task} from {position}"));
        self.pretend(task, Some(TaskState::Running));
        Ok(())
    }

    async fn request_stop(&self, task: &str) -> PortResult<()> {
        self.steps.note(format!("replication: stop task {task}"));
        self.pretend(task, Some(TaskState::Stopped));
        Ok(())
    }

    async fn delete(&self, task: &str) -> PortResult<()> {
        self.steps.note(format!("replication: delete task {task}"));
        self.pretend(task, None);
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
