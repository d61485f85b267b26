//! The requests parked at a lane.

use std::cell::{Cell, RefCell};

use futures::channel::oneshot;

/// All requests that wait for the lane to serve.
#[derive(Default)]
pub struct Waiting {
    held: Cell<u64>,
    wakers: RefCell<Vec<oneshot::Sender<()>>>,
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
        for waker in self.wakers.take() {
            // A request that has already left cannot be woken.
            let _ = waker.send(());
        }
    }
}

impl Held<'_> {
    /// Resolves at the next release.
    pub fn released(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut wakers = self.0.wakers.borrow_mut();
        // Requests that gave up leave their sender behind.
        wakers.retain(|waker| !waker.is_canceled());
        wakers.push(sender);
        receiver
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

    #[test]
    fn senders_of_requests_that_gave_up_are_removed() {
        let waiting = Waiting::default();
        let held = waiting.enter(1).unwrap();
        for _ in 0..100 {
            drop(held.released());
        }
        assert_eq!(waiting.wakers.borrow().len(), 1);
    }
}
