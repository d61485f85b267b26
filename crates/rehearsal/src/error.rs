//! Why a rehearsal could not run. A cutover that fails is not an error but the outcome in the report.

use std::path::{Path, PathBuf};

use crossover_core::ports::PortError;
use crossover_edge_admin::EdgeError;
use crossover_operate::{OperateError, prepare::NotPrepared};
use crossover_stand::StandError;

use crate::{api::ApiError, dump::DumpError, load::LoadError};

/// Why a rehearsal could not run.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    #[error(transparent)]
    TestEnvironment(#[from] StandError),
    #[error(transparent)]
    Dump(#[from] DumpError),
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{0}")]
    Port(#[from] PortError),
    #[error("{0}")]
    NotPrepared(#[from] NotPrepared),
    /// The cause is part of the message, so that printing the chain of causes does not repeat it.
    #[error("{what}: {}", database_text(.cause))]
    Database {
        what: &'static str,
        cause: tokio_postgres::Error,
    },
    #[error("no table of the dump is called {}: correct --exclude", .0.join(", "))]
    UnknownTables(Vec<String>),
    #[error(transparent)]
    Run(#[from] OperateError),
    #[error("{0}")]
    Lane(#[from] EdgeError),
    #[error("{what}\n{output}")]
    Build { what: String, output: String },
    #[error("{}: {source}", .path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{what}:\n  {}", .faults.join("\n  "))]
    Terraform { what: String, faults: Vec<String> },
    #[error("the local AWS answered {what} with: {reason}")]
    Aws { what: String, reason: String },
    #[error("{what} did not happen within {seconds} s; {hint}")]
    Timeout {
        what: String,
        seconds: u64,
        hint: String,
    },
}

/// The text of a tokio-postgres error is only "db error"; the server's message is in its source.
fn database_text(error: &tokio_postgres::Error) -> String {
    error
        .as_db_error()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

impl RehearsalError {
    /// Adds the last errors in the logs of the database servers, if they are the reason.
    #[must_use]
    pub fn with_log(self, work: &Path) -> Self {
        match self {
            Self::Timeout { what, seconds, hint } => Self::Timeout {
                what,
                seconds,
                hint: format!("{hint}{}", complaints(work)),
            },
            other => other,
        }
    }

    /// Wraps errors of a file.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// Wraps errors of a database.
    pub fn database(what: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |cause| Self::Database { what, cause }
    }
}

/// The last error lines of both servers' logs.
fn complaints(work: &Path) -> String {
    let mut text = String::new();
    for side in ["source", "target"] {
        let logs = std::fs::read_dir(work.join(side))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        for log in logs.filter(|path| path.extension().is_some_and(|e| e == "log")) {
            let Ok(content) = std::fs::read_to_string(&log) else {
                continue;
            };
            let lines: Vec<&str> = content.lines().filter(|l| l.contains("ERROR:")).collect();
            for line in &lines[lines.len().saturating_sub(4)..] {
                text.push_str("\n  ");
                text.push_str(side);
                text.push_str(": ");
                text.push_str(line);
            }
        }
    }
    text
}

/// Result type of the rehearsal's functions.
pub type Result<T, E = RehearsalError> = std::result::Result<T, E>;
