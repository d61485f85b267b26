//! Writes that are sent at once, beside the timetable.

use std::sync::{Arc, Mutex, PoisonError};

use crossover_core::Millis;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::in_flight;
use super::operation::Clients;

/// The bursts that have been sent.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    writes: Mutex<JoinSet<()>>,
    sent: Mutex<u64>,
}

impl Bursts {
    pub(super) fn send(&self, clients: &Arc<Clients>, writes: u32, delay: Millis) {
        let due = Instant::now();
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut under_way = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..writes.min(in_flight::bound_of_this_machine()) {
            let (clients, number) = (Arc::clone(clients), *sent);
            *sent += 1;
            under_way.spawn(async move {
                clients.perform_slowly(number, due, delay).await;
            });
        }
    }

    /// Number of writes sent so far.
    pub(super) fn sent(&self) -> u64 {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the answers to all of them.
    pub(super) async fn ended(&self) {
        let under_way = std::mem::take(&mut *self.writes.lock().unwrap_or_else(PoisonError::into_inner));
        under_way.join_all().await;
    }
}
