//! The requests parked at a lane.

use std::cell::Cell;

use futures::channel::oneshot;

use super::wakers::Wakers;

/// All requests that wait for the lane to serve.
pub struct Waiting {
    held_max: u64,
    held: Cell<u64>,
    wakers: Wakers,
}

/// One parked request; no longer counted after drop.
pub struct Held<'a>(&'a Waiting);

impl Waiting {
    /// For at most `held_max` requests at once.
    pub fn new(held_max: u64) -> Self {
        Self {
            held_max,
            held: Cell::new(0),
            wakers: Wakers::default(),
        }
    }

    /// Parks a request unless as many as permitted are already parked.
    pub fn enter(&self) -> Option<Held<'_>> {
        let held = self.held.get();
        (held < self.held_max).then(|| {
            self.held.set(held + 1);
            Held(self)
        })
    }

    /// How many requests may be parked at once.
    pub const fn held_max(&self) -> u64 {
        self.held_max
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
        let waiting = Waiting::new(2);
        let (first, second) = (waiting.enter().unwrap(), waiting.enter().unwrap());
        assert!(waiting.enter().is_none(), "the cap holds");
        let (a, b) = (first.released(), second.released());
        waiting.release();
        assert_eq!((a.now_or_never(), b.now_or_never()), (Some(Ok(())), Some(Ok(()))));
        drop(first);
        assert_eq!(waiting.held(), 1);
        assert!(waiting.enter().is_some());
    }
}
