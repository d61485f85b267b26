//! The change streams between the two databases, for any CDC engine.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::{catalogue::TableName, position::Position, stream::Stream};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamState {
    /// Prepared but never started.
    Ready,
    Starting,
    Running,
    Stopping,
    Stopped,
    Failed,
    /// Any other state, under the engine's name.
    Other(String),
}

impl std::fmt::Display for StreamState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Other(state) => state,
        })
    }
}

/// A stream as its engine describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamHealth {
    pub state: StreamState,
    /// Progress of the initial load of existing rows, in percent.
    pub loaded_percent: u32,
    /// The engine's own message about the last stop or failure.
    pub last_failure: Option<String>,
}

/// The state, followed by the engine's message about the last failure where there is one.
impl std::fmt::Display for StreamHealth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.last_failure.as_deref().map(str::trim) {
            None | Some("") => write!(f, "{}", self.state),
            Some(failure) => write!(f, "{} (last failure: {failure})", self.state),
        }
    }
}

/// One table of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableHealth {
    pub table: TableName,
    /// The table is loaded and its changes are replicated.
    pub follows: bool,
    /// The engine's name for the table's state.
    pub state: String,
}

/// A stream to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStream {
    pub stream: Stream,
    /// The retained position that the stream reads from, in the database of the side it reads.
    pub retained: String,
    /// The tables to replicate, including the catch-up marker table.
    pub tables: Vec<TableName>,
}

/// The streams of one migration. Every method can be repeated.
#[async_trait]
pub trait Replication: Send + Sync {
    /// The stream as operators know it, for example `task shop-forward`.
    fn name(&self, stream: Stream) -> String;
    /// Whether the streams replicate updates and deletes of a table whose replica identity is the whole row.
    fn supports_whole_row_identity(&self) -> bool;
    /// `None` if the stream does not exist.
    async fn health(&self, stream: Stream) -> PortResult<Option<StreamHealth>>;
    /// Every table of a stream.
    async fn tables(&self, stream: Stream) -> PortResult<Vec<TableHealth>>;
    /// Creates a stream without starting it. An existing stream is kept unchanged.
    async fn prepare(&self, new: &NewStream) -> PortResult<()>;
    /// Starts a stream at a position, or, with `None`, where it stopped. A running stream is left unchanged.
    async fn start(&self, stream: Stream, from: Option<&Position>) -> PortResult<()>;
    /// Requests a stop without waiting for it. A stream that does not run is left unchanged.
    async fn request_stop(&self, stream: Stream) -> PortResult<()>;
    /// Removes a stopped stream; a missing stream is not an error.
    async fn remove(&self, stream: Stream) -> PortResult<()>;
}
