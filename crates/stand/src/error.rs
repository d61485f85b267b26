//! What can go wrong on the stand, said so that the reader knows what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::pins::Set;

/// The result of everything the stand does.
pub type Result<T, E = StandError> = std::result::Result<T, E>;

/// Something the user has to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPrerequisite {
    /// What is needed.
    pub name: String,
    /// What was found instead.
    pub found: String,
    /// How to get it.
    pub remedy: String,
}

/// Why a part could not be fetched, started, used or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StandError {
    /// The machine lacks something that cannot be fetched by this program. All missing things at once.
    #[error("{} missing on this machine:\n{}", plural(.0.len()), lines(.0))]
    Prerequisites(Vec<MissingPrerequisite>),

    /// No part is published for this machine.
    #[error("no pinned part of {part} exists for {platform}; supported: {supported}")]
    Platform {
        /// The part that has no build.
        part: String,
        /// Operating system and processor.
        platform: String,
        /// The platforms that have one.
        supported: String,
    },

    /// A part was looked for in a set it is not in.
    #[error(
        "{part} is not among the parts in {}: it is in the set {set:?}, which has to be fetched and given instead",
        .folder.display()
    )]
    OtherSet {
        /// The part.
        part: String,
        /// The folder of the set that was given.
        folder: PathBuf,
        /// The set it is in.
        set: Set,
    },

    /// npm or pip did not bring a part.
    #[error("fetching {what} failed ({reason}). Its last lines:\n{tail}\nFull log: {}", .log.display())]
    Fetch {
        /// What was fetched, in words.
        what: String,
        /// How the fetch ended.
        reason: String,
        /// The last lines of the log.
        tail: String,
        /// The whole log.
        log: PathBuf,
    },

    /// The parts folder was filled by another user, and this one can neither use nor change it.
    #[error(
        "the parts in {} belong to another user and cannot be used by this one; missing or closed: {}. Remove that \
         folder or use a checkout of your own",
        .folder.display(),
        if .missing.is_empty() { "its completion marker".to_owned() } else { paths(.missing) }
    )]
    PartsOfAnotherUser {
        /// The folder of the parts.
        folder: PathBuf,
        /// The programs that this user cannot see.
        missing: Vec<PathBuf>,
    },

    /// A part did not become ready, or a helper program of it failed.
    #[error("{part} did not start: {reason}. Its last log lines:\n{tail}\nFull log: {}", .log.display())]
    DidNotStart {
        /// The name of the part.
        part: String,
        /// What was seen.
        reason: String,
        /// The last lines of the log.
        tail: String,
        /// The whole log.
        log: PathBuf,
    },

    /// A part that ran has ended by itself.
    #[error("{part} has ended by itself. Its last log lines:\n{tail}\nFull log: {}", .log.display())]
    Fell {
        /// The name of the part.
        part: String,
        /// The last lines of the log.
        tail: String,
        /// The whole log.
        log: PathBuf,
    },

    /// The user asked for a port that another program has.
    #[error(
        "port {port} on 127.0.0.1, asked for {part}, is taken by another program; free it or choose another"
    )]
    PortTaken {
        /// The name of the part.
        part: String,
        /// The port.
        port: u16,
    },

    /// The program that guards the children was not found.
    #[error(
        "the guard program stand-guard was not found ({looked}); build it with `cargo build -p crossover-stand`"
    )]
    GuardMissing {
        /// Where it was looked for.
        looked: String,
    },

    /// A file or process operation failed.
    #[error("{doing} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file, folder or program.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },

    /// The local AWS refused a request.
    #[error("{action} of {object} was refused by the local AWS ({status}): {body}")]
    Aws {
        /// The operation.
        action: String,
        /// The object it was about.
        object: String,
        /// The HTTP status.
        status: u16,
        /// The answer.
        body: String,
    },

    /// The local AWS could not be reached.
    #[error("{action} of {object}: the local AWS gave no usable answer: {source}")]
    AwsUnreachable {
        /// The operation.
        action: String,
        /// The object it was about.
        object: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },

    /// An answer of the local AWS lacks what it must hold.
    #[error("{action} of {object}: the answer has no usable `{field}`: {body}")]
    AwsAnswer {
        /// The operation.
        action: String,
        /// The object it was about.
        object: String,
        /// The field that was looked for.
        field: &'static str,
        /// The answer.
        body: String,
    },

    /// Something did not happen in the time allowed.
    #[error("{what} did not happen within {seconds} s; last seen: {last}")]
    Timeout {
        /// What was awaited.
        what: String,
        /// The time allowed, in seconds.
        seconds: u64,
        /// The last state seen.
        last: String,
    },

    /// A database statement of the stand failed.
    #[error("{doing}: {source}")]
    Postgres {
        /// What was tried.
        doing: String,
        /// The server's or the driver's answer.
        #[source]
        source: tokio_postgres::Error,
    },

    /// A Lambda package could not be written.
    #[error("packing {} as a Lambda zip: {source}", .path.display())]
    Zip {
        /// The program to pack.
        path: PathBuf,
        /// The cause.
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
        "something is"
    } else {
        "some things are"
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
