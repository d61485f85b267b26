//! Whether the servers answer. A server that goes away is one event of the whole comparison: it is said once, every
//! job waits for the same server for the same time, and after that no further table asks it.

use std::sync::{Mutex, PoisonError};

use crossover_core::{Millis, UnixMillis, ports::PortError, routing::Side};

/// Both servers, as all jobs know them.
#[derive(Debug, Default)]
pub(super) struct Presence(Mutex<[Standing; 2]>);

#[derive(Debug, Clone, Default)]
enum Standing {
    #[default]
    Answers,
    Away {
        since: UnixMillis,
    },
    GivenUp {
        what: String,
        reason: String,
        no_connection: bool,
    },
}

/// What a failure changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    WentAway,
    StillAway,
    GivenUp,
}

const fn place(side: Side) -> usize {
    match side {
        Side::Source => 0,
        Side::Target => 1,
    }
}

impl Presence {
    fn with<T>(&self, side: Side, change: impl FnOnce(&mut Standing) -> T) -> T {
        let mut sides = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut sides[place(side)])
    }

    /// Records an answer; returns whether the server had been away.
    pub fn answered(&self, side: Side) -> bool {
        self.with(side, |standing| match standing {
            Standing::Away { .. } => {
                *standing = Standing::Answers;
                true
            }
            Standing::Answers | Standing::GivenUp { .. } => false,
        })
    }

    /// Records that the server did not answer.
    pub fn failed(&self, side: Side, error: &PortError, now: UnixMillis, patience: Millis) -> Change {
        let PortError::Unreachable {
            what,
            reason,
            absence,
        } = error
        else {
            return Change::StillAway;
        };
        self.with(side, |standing| {
            let (since, change) = match standing {
                Standing::GivenUp { .. } => return Change::StillAway,
                Standing::Answers => (now, Change::WentAway),
                Standing::Away { since } => (*since, Change::StillAway),
            };
            if now.since(since) >= patience {
                *standing = Standing::GivenUp {
                    what: what.clone(),
                    reason: format!("{reason}; given up after {} s", patience.0.div_ceil(1_000)),
                    no_connection: *absence == crossover_core::ports::Absence::NoConnectionFree,
                };
                return Change::GivenUp;
            }
            *standing = Standing::Away { since };
            change
        })
    }

    /// The error of a server that nobody asks any more.
    pub fn given_up(&self, side: Side) -> Option<PortError> {
        self.with(side, |standing| match standing {
            Standing::GivenUp {
                what,
                reason,
                no_connection: true,
            } => Some(PortError::no_connection_free(what.clone(), reason)),
            Standing::GivenUp { what, reason, .. } => Some(PortError::unreachable(what.clone(), reason)),
            Standing::Answers | Standing::Away { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_jobs_wait_for_a_server_for_the_same_time() {
        let presence = Presence::default();
        let gone = PortError::unreachable("the source", "refused");
        let failed = |at| presence.failed(Side::Source, &gone, UnixMillis(at), Millis(10));
        assert_eq!(failed(100), Change::WentAway);
        assert_eq!(failed(105), Change::StillAway);
        assert!(presence.answered(Side::Source));
        assert!(!presence.answered(Side::Source));
        assert_eq!(failed(120), Change::WentAway);
        assert!(presence.given_up(Side::Source).is_none());
        assert_eq!(failed(130), Change::GivenUp);
        assert_eq!(failed(140), Change::StillAway, "it is said once");
        let said = presence.given_up(Side::Source).unwrap().to_string();
        assert_eq!(said, "the source cannot be reached: refused; given up after 1 s");
        assert!(presence.given_up(Side::Target).is_none());
    }
}
