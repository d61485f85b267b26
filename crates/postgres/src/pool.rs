//! Sessions that are kept open beside the main session.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::Client;

/// Idle sessions of one kind for the next statement, because connecting takes longer than most chunks.
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

    /// Returns a session to the pool; only a session in a known state may be returned.
    pub(crate) fn give_back(&self, client: Client) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(client);
    }
}

/// A slot that this process reads, and the session that holds the advisory lock.
pub struct Claim {
    pub(crate) slot: String,
    pub(crate) session: Client,
}
