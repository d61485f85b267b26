//! Tasks of the lane that wait for a change.

use std::cell::RefCell;

use futures::channel::oneshot;

/// Wakes everyone who waits.
#[derive(Default)]
pub struct Wakers(RefCell<Vec<oneshot::Sender<()>>>);

impl Wakers {
    /// Resolves at the next [`Wakers::wake`].
    pub fn next(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut wakers = self.0.borrow_mut();
        // Tasks that gave up leave their sender behind.
        wakers.retain(|waker| !waker.is_canceled());
        wakers.push(sender);
        receiver
    }

    pub fn wake(&self) {
        for waker in self.0.take() {
            // A task that has already left cannot be woken.
            let _ = waker.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_of_tasks_that_gave_up_are_removed() {
        let wakers = Wakers::default();
        for _ in 0..100 {
            drop(wakers.next());
        }
        assert_eq!(wakers.0.borrow().len(), 1);
    }
}
