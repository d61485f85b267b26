//! The requests parked at a lane.

use std::cell::Cell;

use futures::channel::oneshot;

use super::wakers::Wakers;

/// All requests that wait for the lane to serve.
#[derive(Default)]
pub struct Waiting {
    held: Cell<u64>,
    wakers: Wakers,
}

/// One parked request; no longer counted after drop.
pub struct Held<'a>(&'a Waiting);

impl Waiting {
    /// Parks a request unless `held_max` requests are already parked.
    pub fn enter(&self, held_max: u64) -> Option<Held<'_>> {
        let held = self.held.get();
        (held < held_max).then(|| {
            self.held.set(held + 1);
            Held(self)
        })
    }

    /// Number of parked requests.
    pub fn held(&self) -> u64 {
        self.held.get()
    }

    /// Wakes all parked requests.
    pub fn release(&self) {
        self.wakers.wake();
    }
}

impl Held<'_> {
    /// Resolves at the next release.
    pub fn released(&self) -> oneshot::Receiver<()> {
        self.0.wakers.next()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held.set(self.0.held.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_release_wakes_all_requests_and_leaving_frees_the_slot() {
        let waiting = Waiting::default();
        let (first, second) = (waiting.enter(2).unwrap(), waiting.enter(2).unwrap());
        assert!(waiting.enter(2).is_none(), "the cap holds");
        let (a, b) = (first.released(), second.released());
        waiting.release();
        assert_eq!((a.now_or_never(), b.now_or_never()), (Some(Ok(())), Some(Ok(()))));
        drop(first);
        assert_eq!(waiting.held(), 1);
        assert!(waiting.enter(2).is_some());
    }
}
