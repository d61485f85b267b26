//! The change streams between the two databases, whatever engine carries them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::{catalogue::TableName, position::Position, stream::Stream};

/// What a stream does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamState {
    /// Prepared, and never started.
    Ready,
    Starting,
    Running,
    Stopping,
    Stopped,
    Failed,
    /// Any other state, by the engine's name for it.
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
    /// How much of the rows that were there before is loaded, in percent.
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
    /// The table is loaded and its changes are carried.
    pub follows: bool,
    /// The engine's name for the table's state.
    pub state: String,
}

/// A stream that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStream {
    pub stream: Stream,
    /// The retained position it reads from, in the database of the side it reads.
    pub retained: String,
    /// Tables to carry, the catch-up marker table among them.
    pub tables: Vec<TableName>,
}

/// The streams of one migration. Every method can be repeated.
#[async_trait]
pub trait Replication: Send + Sync {
    /// What operators know the stream by, with the engine's word for it.
    fn name(&self, stream: Stream) -> String;
    /// How the stream is, or none if there is no such stream.
    async fn health(&self, stream: Stream) -> PortResult<Option<StreamHealth>>;
    /// Every table of a stream.
    async fn tables(&self, stream: Stream) -> PortResult<Vec<TableHealth>>;
    /// Makes a stream of changes that does not run; one that is there already is kept as it is.
    async fn prepare(&self, new: &NewStream) -> PortResult<()>;
    /// Starts a stream at a position (`Some`), or goes on where it stopped (`None`). Running already: no change.
    async fn start(&self, stream: Stream, from: Option<&Position>) -> PortResult<()>;
    /// Asks a stream to stop and does not wait for it. Not running: no change.
    async fn request_stop(&self, stream: Stream) -> PortResult<()>;
    /// Removes a stopped stream; it may be gone already.
    async fn remove(&self, stream: Stream) -> PortResult<()>;
}
