//! The other side of the API: what moves the rows.

use async_trait::async_trait;
use serde_json::Value;

use crate::Fault;

/// A task as it was created, and its endpoints as they are now.
#[derive(Debug, Clone)]
pub struct TaskOrder {
    pub identifier: String,
    /// Its end is a dimension of the task's metrics.
    pub arn: String,
    /// Identifier of the replication instance, the other dimension.
    pub instance: String,
    pub migration_type: String,
    /// JSON text.
    pub table_mappings: String,
    /// The endpoints as `DescribeEndpoints` shows them.
    pub source: Value,
    pub target: Value,
}

/// How far a task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskProgress {
    /// DMS's word.
    pub status: &'static str,
    pub full_load_percent: usize,
    pub failure: Option<String>,
}

impl TaskProgress {
    /// A task that nobody has started.
    pub const READY: Self = Self {
        status: "ready",
        full_load_percent: 0,
        failure: None,
    };
}

/// What carries out tasks. Whether task and endpoints exist is known before each call.
#[async_trait]
pub trait DataPlane: Send + Sync {
    /// A task is created, which does not run.
    async fn create(&self, task: &TaskOrder) -> Result<(), Fault>;
    /// `kind` is DMS's `StartReplicationTaskType`.
    async fn start(&self, task: &TaskOrder, kind: &str) -> Result<(), Fault>;
    async fn stop(&self, identifier: &str) -> Result<(), Fault>;
    /// The task does not run.
    async fn delete(&self, identifier: &str) -> Result<(), Fault>;
    async fn progress(&self, identifier: &str) -> Result<TaskProgress, Fault>;
    /// `TableStatistics` of a task.
    async fn statistics(&self, identifier: &str) -> Result<Vec<Value>, Fault>;
}

/// Moves no rows: whatever starts a task is refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRows;

#[async_trait]
impl DataPlane for NoRows {
    async fn create(&self, _: &TaskOrder) -> Result<(), Fault> {
        Ok(())
    }

    async fn start(&self, task: &TaskOrder, _: &str) -> Result<(), Fault> {
        Err(Fault::invalid_state(format!(
            "task {} must not start here: no rows can be moved",
            task.identifier
        )))
    }

    async fn stop(&self, identifier: &str) -> Result<(), Fault> {
        Err(Fault::invalid_state(format!("task {identifier} is not running")))
    }

    async fn delete(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    async fn progress(&self, _: &str) -> Result<TaskProgress, Fault> {
        Ok(TaskProgress::READY)
    }

    async fn statistics(&self, _: &str) -> Result<Vec<Value>, Fault> {
        Ok(Vec::new())
    }
}
