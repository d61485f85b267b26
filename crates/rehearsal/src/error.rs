//! Why a rehearsal could not be held. A cutover that fails is not an error: it is the outcome in the report.

use std::path::PathBuf;

use crossover_core::ports::PortError;
use crossover_stand::StandError;

use crate::{api::ApiError, dump::DumpError, load::LoadError};

/// Why a rehearsal could not be held.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    #[error(transparent)]
    Stand(#[from] StandError),
    #[error(transparent)]
    Dump(#[from] DumpError),
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{0}")]
    Port(#[from] PortError),
    #[error("{what}: {}", database_text(.source))]
    Database {
        what: &'static str,
        #[source]
        source: tokio_postgres::Error,
    },
    #[error("{what}\n{output}")]
    Build { what: String, output: String },
    #[error("{}: {source}", .path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the local AWS answered {what} with: {reason}")]
    Aws { what: String, reason: String },
    #[error("{what} did not happen within {seconds} s; {hint}")]
    Timeout {
        what: String,
        seconds: u64,
        hint: String,
    },
}

/// tokio-postgres prints "db error" and keeps the server's words to itself.
fn database_text(error: &tokio_postgres::Error) -> String {
    error
        .as_db_error()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

impl RehearsalError {
    /// The wrapper for errors of a file.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// The wrapper for errors of a database.
    pub fn database(what: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { what, source }
    }
}

/// What the rehearsal's functions return.
pub type Result<T, E = RehearsalError> = std::result::Result<T, E>;
