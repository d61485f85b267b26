//! The bound on requests in flight, so that the Worker cannot run out of file handles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use nix::sys::resource::{Resource, getrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// File handles that workerd needs for a waiting request: the connections of the client and of the origin,
/// each twice (measured).
const HANDLES_PER_REQUEST: u64 = 4;
/// The part of the handles that stays free for everything else, and for requests that a release and the
/// timetable start at once.
const RESERVE: u64 = 2;
/// More than any rate of the load has in flight at an origin that answers; a higher number would only make a
/// hang larger.
const MOST: u64 = 4_000;

/// How many requests may be in flight if a process may have this many open files.
pub(super) fn bound(open_files: u64) -> u32 {
    let requests = (open_files / RESERVE / HANDLES_PER_REQUEST).clamp(1, MOST);
    u32::try_from(requests).unwrap_or(u32::MAX)
}

/// With the limit of open files that this process has now, and that workerd has inherited.
pub(super) fn bound_of_this_machine() -> u32 {
    // An unknown limit is the smallest that systems set.
    let (open_files, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1_024, 1_024));
    bound(open_files)
}

/// The requests in flight, and how often the bound was reached.
#[derive(Debug)]
pub(super) struct InFlight {
    permits: Arc<Semaphore>,
    bound: AtomicU32,
    sent_late: AtomicU64,
}

impl InFlight {
    pub(super) fn of_this_machine() -> Self {
        Self::new(bound_of_this_machine())
    }

    pub(super) fn new(bound: u32) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(bound as usize)),
            bound: AtomicU32::new(bound),
            sent_late: AtomicU64::new(0),
        }
    }

    /// A place for one request. If none is free the request is late.
    pub(super) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(free) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(free);
        }
        self.sent_late.fetch_add(1, Ordering::Relaxed);
        // The semaphore is never closed.
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    pub(super) fn bound(&self) -> u32 {
        self.bound.load(Ordering::Relaxed)
    }

    /// Lowers the bound to `limit`; only while nothing is in flight.
    pub(super) fn lower_to(&self, limit: u32) {
        let too_many = self.bound().saturating_sub(limit.max(1));
        let forgotten = self.permits.forget_permits(too_many as usize);
        let forgotten = u32::try_from(forgotten).unwrap_or(too_many);
        self.bound.fetch_sub(forgotten, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> usize {
        self.bound() as usize - self.permits.available_permits()
    }

    /// Number of requests that were sent late because the bound was reached.
    pub(super) fn sent_late(&self) -> u64 {
        self.sent_late.load(Ordering::Relaxed)
    }

    /// Returns when no request is in flight.
    pub(super) async fn drained(&self) {
        let drained = self.permits.acquire_many(self.bound()).await;
        debug_assert!(drained.is_ok(), "the semaphore is never closed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_handles_stay_free_whatever_the_limit() {
        for open_files in [256, 1_024, 20_000, 65_536] {
            let handles = u64::from(bound(open_files)) * HANDLES_PER_REQUEST;
            assert!(handles * 2 <= open_files, "{open_files}: {handles}");
        }
        assert_eq!(bound(20_000), 2_500);
        assert_eq!((bound(0), bound(u64::MAX)), (1, MOST as u32));
    }

    #[tokio::test]
    async fn a_request_that_finds_no_place_waits_and_is_counted() {
        let in_flight = Arc::new(InFlight::new(1));
        let first = in_flight.enter().await;
        assert_eq!((in_flight.now(), in_flight.sent_late()), (1, 0));
        let second = tokio::spawn({
            let in_flight = Arc::clone(&in_flight);
            async move { in_flight.enter().await }
        });
        while in_flight.sent_late() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!second.is_finished());
        drop(first);
        drop(second.await.unwrap());
        in_flight.drained().await;
        assert_eq!((in_flight.now(), in_flight.sent_late()), (0, 1));
    }
    #[tokio::test]
    async fn a_lowered_bound_holds_and_a_higher_limit_changes_nothing() {
        let in_flight = InFlight::new(5);
        in_flight.lower_to(9);
        assert_eq!(in_flight.bound(), 5);
        in_flight.lower_to(2);
        assert_eq!((in_flight.bound(), in_flight.now()), (2, 0));
        let places = [in_flight.enter().await, in_flight.enter().await];
        assert_eq!((in_flight.now(), in_flight.permits.available_permits()), (2, 0));
        drop(places);
        in_flight.drained().await;
    }
}
