//! The change stream between the two databases (AWS DMS).

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::{catalogue::TableName, lsn::Lsn};

/// State of a task, in DMS's own words where Crossover acts on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    Ready,
    Starting,
    Running,
    Stopping,
    Stopped,
    Failed,
    /// Any other status, by DMS's name for it.
    Other(String),
}

impl std::fmt::Display for TaskState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Other(status) => status,
        })
    }
}

/// A task as DMS describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskStatus {
    pub task: String,
    pub state: TaskState,
    pub full_load_percent: u32,
    /// Why it stopped or failed, in DMS's words.
    pub last_failure: Option<String>,
}

/// One table's replication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReplication {
    pub table: TableName,
    /// DMS's `TableState`, for example `Table completed`.
    pub state: String,
    pub inserts: u64,
    pub updates: u64,
    pub deletes: u64,
    pub full_load_rows: u64,
}

impl TableReplication {
    /// The table has been loaded and follows changes.
    pub fn is_healthy(&self) -> bool {
        self.state == "Table completed"
    }
}

/// A CDC-only task that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdcTask {
    pub task: String,
    pub replication_instance_arn: String,
    pub source_endpoint_arn: String,
    pub target_endpoint_arn: String,
    /// The slot it reads from.
    pub slot: String,
    /// Tables to carry, the catch-up marker table among them.
    pub tables: Vec<TableName>,
}

/// Tasks of the replication service. Every method can be repeated.
#[async_trait]
pub trait Replication: Send + Sync {
    /// The task, or none if there is no such task.
    async fn task(&self, task: &str) -> PortResult<Option<TaskStatus>>;
    /// Every table of a task.
    async fn tables(&self, task: &str) -> PortResult<Vec<TableReplication>>;
    /// Makes a CDC task that is not running; one of the same name is left as it is.
    async fn create(&self, spec: &CdcTask) -> PortResult<()>;
    /// Starts a task at a position (`Some`), or goes on where it stopped (`None`). Running already: no change.
    async fn start(&self, task: &str, from: Option<Lsn>) -> PortResult<()>;
    /// Asks a task to stop and does not wait for it. Not running: no change.
    async fn request_stop(&self, task: &str) -> PortResult<()>;
    /// Removes a stopped task; it may be gone already.
    async fn delete(&self, task: &str) -> PortResult<()>;
}
