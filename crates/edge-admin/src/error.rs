//! Errors of the calls to a lane's admin API.

use crossover_routing::{LaneRecord, admin::BadKey, directory::Fault};

/// Why a call to the edge had no effect, or an unknown one.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The lane refused the command; nothing changed.
    #[error("the lane {} refused: {message}", record.lane)]
    Refused {
        /// Stable: `epoch_mismatch`, `illegal_transition`, `wrong_run`, `too_early`, `deadline_over`,
        /// `bad_schedule`.
        name: String,
        /// The lane's message.
        message: String,
        /// The current record.
        record: Box<LaneRecord>,
    },
    /// The edge refused to publish a directory; nothing changed.
    #[error("the edge refused the directory: {message}{}", listed(faults))]
    DirectoryRefused {
        /// Stable: `version_mismatch`, `still_spreading`, `lane_under_way`, `faulty`, `too_large`,
        /// `no_origins`, `lane_unreachable`.
        name: String,
        message: String,
        /// What is wrong in the document, if it is the document.
        faults: Vec<Fault>,
    },
    /// The edge refused the signature; nothing changed.
    #[error("the edge refused the signature of this call ({name}): {message}")]
    Unauthorized {
        /// Stable: `malformed_signature`, `bad_signature`, `stale_time`, `replayed`.
        name: String,
        /// The edge's message.
        message: String,
    },
    /// No answer: whether the change was made is unknown. Read the lane before trying again.
    #[error("the edge at {url} did not answer: read the lane to see whether the change was made")]
    Unreachable {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    /// An answer unknown to this client, or a call unknown to the edge.
    #[error("unexpected answer of the edge: {what}")]
    Protocol { what: String },
    /// The text of a key is not one.
    #[error("the key of the admin API cannot be used: {0}")]
    BadKey(#[from] BadKey),
    #[error("{url} is not the address of an edge: {reason}")]
    BadAddress { url: String, reason: String },
}

fn listed(faults: &[Fault]) -> String {
    faults
        .iter()
        .fold(String::new(), |text, fault| text + "\n  " + &fault.to_string())
}
