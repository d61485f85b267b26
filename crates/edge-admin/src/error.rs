//! What can go wrong between an orchestrator and a lane.

use crossover_routing::LaneRecord;

/// Why a call to the edge did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The lane looked at the command and refused it; nothing changed.
    #[error("the lane {} refused: {message}", record.lane)]
    Refused {
        /// Stable: `epoch_mismatch`, `illegal_transition`, `wrong_run`, `too_early`, `deadline_over`, `bad_schedule`.
        name: String,
        /// The lane's words.
        message: String,
        /// The lane as it is.
        record: Box<LaneRecord>,
    },
    /// The edge does not accept the signature; nothing changed.
    #[error("the edge does not let this call in ({name}): {message}")]
    Unauthorized {
        /// Stable: `malformed_signature`, `bad_signature`, `stale_time`, `replayed`.
        name: String,
        /// The edge's words.
        message: String,
    },
    /// No answer: a change may or may not have been made. Read the lane before trying again.
    #[error("the edge at {url} gave no answer: read the lane to see whether the change was made")]
    Unreachable {
        /// What was called.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An answer this client does not understand, or a call the edge does not.
    #[error("unexpected answer of the edge: {what}")]
    Protocol {
        /// What was unexpected.
        what: String,
    },
    /// The address cannot be used.
    #[error("{url} is not the address of an edge: {reason}")]
    BadAddress {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
}
