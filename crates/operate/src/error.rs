use std::path::PathBuf;

use crossover_core::ports::PortError;
use crossover_edge_admin::EdgeError;

/// Why a migration could not be operated. The text names the object and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    #[error("{}: {source}; name the file of the migration with --config", .path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is not sound:\n  {}", .path.display(), .faults.join("\n  "))]
    Config { path: PathBuf, faults: Vec<String> },
    #[error("{0}")]
    Port(#[from] PortError),
    #[error("the edge: {0}")]
    Lane(#[from] EdgeError),
    /// Two runs of one lane would disturb each other.
    #[error(
        "lane {lane} has a run under way: {run}; follow it with `crossover status`, or end it with `crossover abort`"
    )]
    RunUnderWay { lane: String, run: String },
    /// What was asked for makes no sense now; the text says why, and what does.
    #[error("{0}")]
    NothingToDo(String),
    #[error(
        "neither state machine of the migration has a run called {0}; Step Functions forgets a run 90 days after its end"
    )]
    UnknownRun(String),
    /// What Terraform has created and the answers do not make a file.
    #[error("{}", .0.join("\n"))]
    Incomplete(Vec<String>),
    #[error("{what} did not end within {seconds} s; {hint}")]
    Late {
        what: String,
        seconds: u64,
        hint: &'static str,
    },
}

pub type Result<T, E = OperateError> = std::result::Result<T, E>;
