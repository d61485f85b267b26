//! The run's history, kept outside the databases and the state machine.

use async_trait::async_trait;
use crossover_routing::UnixMillis;
use serde::{Deserialize, Serialize};

use super::PortResult;

/// One line of a run's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    pub migration_id: String,
    pub run_id: String,
    pub lane: String,
    pub stage: String,
    /// `started`, `waiting`, `done`, `failed`.
    pub event: String,
    pub at_ms: UnixMillis,
    /// Stable error name, outcome or figures; never a secret.
    pub detail: serde_json::Value,
}

/// The store of the history. A run is safe without it: all decisions are in the lane and in the databases.
#[async_trait]
pub trait Journal: Send + Sync {
    async fn append(&self, entry: JournalEntry) -> PortResult<()>;
    /// Sends a notification to the operators.
    async fn notify(&self, subject: &str, text: &str) -> PortResult<()>;
}
