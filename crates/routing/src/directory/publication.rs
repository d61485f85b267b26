//! How a new directory takes the place of the old one: at one time, known to every isolate before.

use serde::{Deserialize, Serialize};

use super::Directory;
use crate::{
    lane::{Epoch, SERVE_LEASE},
    time::UnixMillis,
};

/// One version of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// 0 for the directory of one lane that the Worker's variables describe; raised by one with every publication.
    pub version: Epoch,
    /// From this time on requests are routed by it (Unix milliseconds).
    pub from_ms: UnixMillis,
    pub directory: Directory,
}

/// The version in force, and the next one while it is spreading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spreading {
    pub current: Publication,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Publication>,
}

impl Spreading {
    /// When a directory published at `now` comes into force. After one lease every isolate that may route has asked again.
    /// After two, the same holds for one that had read a version which was withdrawn within the first lease.
    pub fn from_of(now: UnixMillis) -> UnixMillis {
        now + SERVE_LEASE * 2
    }

    /// Whether the next version can still be withdrawn at `now` without an isolate ever routing by it.
    pub fn may_withdraw(&self, now: UnixMillis) -> bool {
        let next = self.next.as_ref();
        next.is_some_and(|next| now + SERVE_LEASE < next.from_ms)
    }

    /// The state at `now`: a next version whose time has come is the current one.
    #[must_use]
    pub fn at(self, now: UnixMillis) -> Self {
        match self.next {
            Some(next) if now >= next.from_ms => Self {
                current: next,
                next: None,
            },
            _ => self,
        }
    }

    /// The newest version, in force or not.
    pub fn newest(&self) -> Epoch {
        self.next.as_ref().unwrap_or(&self.current).version
    }
}
