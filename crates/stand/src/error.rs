//! Errors of this crate, each with a remedy where the user can act.

use std::io;
use std::path::{Path, PathBuf};

use crate::pins::Set;

/// The result of the operations of this crate.
pub type Result<T, E = StandError> = std::result::Result<T, E>;

/// A program that the user has to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPrerequisite {
    pub name: String,
    /// What was found instead.
    pub found: String,
    /// How to install the program.
    pub remedy: String,
}

/// Why a part could not be fetched, started, used or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StandError {
    /// The machine lacks programs that this crate cannot fetch. All missing programs at once.
    #[error("{} missing on this machine:\n{}", plural(.0.len()), lines(.0))]
    Prerequisites(Vec<MissingPrerequisite>),

    /// No build of the part is published for this platform.
    #[error("no pinned part of {part} exists for {platform}; supported: {supported}")]
    Platform {
        part: String,
        /// Operating system and processor.
        platform: String,
        /// The platforms that have a build.
        supported: String,
    },

    /// A part was requested from a set that does not contain the part.
    #[error(
        "{part} is not among the parts in {}: it is in the set {set:?}, fetch that set and pass it instead",
        .folder.display()
    )]
    OtherSet {
        part: String,
        /// The folder of the given set.
        folder: PathBuf,
        /// The set that contains the part.
        set: Set,
    },

    /// npm or pip failed to fetch a part.
    #[error("fetching {what} failed ({reason}). Its last lines:\n{tail}\nFull log: {}", .log.display())]
    Fetch {
        /// Description of the fetched part.
        what: String,
        /// How the fetch ended.
        reason: String,
        tail: String,
        /// Path of the complete log.
        log: PathBuf,
    },

    /// Another user has filled the parts folder, and this user can neither use nor change the folder.
    #[error(
        "the parts in {} belong to another user and cannot be used by this one; missing or closed: {}. Remove that \
         folder or use a checkout of your own",
        .folder.display(),
        if .missing.is_empty() { "its completion marker".to_owned() } else { paths(.missing) }
    )]
    PartsOfAnotherUser {
        folder: PathBuf,
        /// Programs that are missing or not readable for this user.
        missing: Vec<PathBuf>,
    },

    /// A part did not become ready, or a helper program of it failed.
    #[error("{part} did not start: {reason}. Its last log lines:\n{tail}\nFull log: {}", .log.display())]
    DidNotStart {
        part: String,
        /// The observed reason.
        reason: String,
        tail: String,
        /// Path of the complete log.
        log: PathBuf,
    },

    /// A running part has ended without being stopped.
    #[error("{part} has ended unexpectedly: {reason}; its log is {}", .log.display())]
    Fell {
        part: String,
        /// How the part ended.
        reason: String,
        /// Path of the complete log.
        log: PathBuf,
    },

    /// The port chosen by the user is in use by another program.
    #[error(
        "port {port} on 127.0.0.1, asked for {part}, is in use by another program; stop that program or choose another port"
    )]
    PortTaken { part: String, port: u16 },

    /// The program that guards the child processes was not found.
    #[error(
        "the guard program stand-guard was not found ({looked}); build it with `cargo build -p crossover-stand`"
    )]
    GuardMissing {
        /// The paths that were searched.
        looked: String,
    },

    /// A file or process operation failed.
    #[error("{doing} {}: {source}", .path.display())]
    Io {
        /// The operation, such as `creating`.
        doing: &'static str,
        /// The file, folder or program.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },

    /// The local AWS refused a request.
    #[error("{action} of {object} was refused by the local AWS ({status}): {body}")]
    Aws {
        action: String,
        /// The object of the operation.
        object: String,
        status: u16,
        /// The body of the answer.
        body: String,
    },

    /// The local AWS could not be reached.
    #[error("{action} of {object}: the local AWS gave no usable answer: {source}")]
    AwsUnreachable {
        action: String,
        /// The object of the operation.
        object: String,
        #[source]
        source: reqwest::Error,
    },

    /// An answer of the local AWS lacks a required field.
    #[error("{action} of {object}: the answer has no usable `{field}`: {body}")]
    AwsAnswer {
        action: String,
        /// The object of the operation.
        object: String,
        /// The missing or unusable field.
        field: &'static str,
        /// The body of the answer.
        body: String,
    },

    /// A condition was not met in the permitted time.
    #[error("{what} did not happen within {seconds} s; last seen: {last}")]
    Timeout {
        /// The awaited condition.
        what: String,
        /// The permitted time, in seconds.
        seconds: u64,
        /// The last observed state.
        last: String,
    },

    /// A database statement of this crate failed.
    #[error("{doing}: {source}")]
    Postgres {
        /// The operation, such as `creating database x`.
        doing: String,
        /// The error of the server or the driver.
        #[source]
        source: tokio_postgres::Error,
    },

    /// A Lambda package could not be written.
    #[error("packing {} as a Lambda zip: {source}", .path.display())]
    Zip {
        /// The program to be packed.
        path: PathBuf,
        #[source]
        source: zip::result::ZipError,
    },
}

impl StandError {
    /// Shorthand for `map_err` on file operations.
    pub(crate) fn io(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { doing, path, source }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 {
        "one prerequisite is"
    } else {
        "some prerequisites are"
    }
}

fn paths(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

fn lines(missing: &[MissingPrerequisite]) -> String {
    missing
        .iter()
        .map(|m| format!("  - {}: {}. {}", m.name, m.found, m.remedy))
        .collect::<Vec<_>>()
        .join("\n")
}
