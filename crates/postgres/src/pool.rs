//! Sessions that are kept beside the main one.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::Client;

/// Idle sessions of one kind, for the next statement: connecting costs more than most chunks do.
#[derive(Default)]
pub struct Pool {
    idle: Mutex<Vec<Client>>,
}

impl Pool {
    pub(crate) fn take(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|client| !client.is_closed());
        idle.pop()
    }

    pub(crate) fn take_all(&self) -> Vec<Client> {
        std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Only a session in a known state is given back.
    pub(crate) fn give_back(&self, client: Client) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(client);
    }
}

/// A slot that is followed, and the session whose lock says so.
pub struct Claim {
    pub(crate) slot: String,
    pub(crate) session: Client,
}
