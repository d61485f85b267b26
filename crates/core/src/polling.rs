//! Waiting for a condition by testing it repeatedly, on the clock port.
//!
//! ```ignore
//! let mut polling = Polling::new(clock, Millis(50), Millis(4_000));
//! while !condition().await? {
//!     polling.pause().await.map_err(|late| ...)?;
//! }
//! ```
//! The loop stays with the caller: a closure that returns a future cannot be proven to be `Send` where ports
//! are borrowed.

use crate::{Millis, UnixMillis, ports::Clock};

/// The condition was not met within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut {
    pub waited: Millis,
}

/// The pauses between two tests of a condition, up to a time limit.
pub struct Polling<'a> {
    clock: &'a dyn Clock,
    every: Millis,
    longest: Millis,
    limit: Millis,
    began: UnixMillis,
}

impl<'a> Polling<'a> {
    /// One test each `every`, for at most `limit` from now.
    pub fn new(clock: &'a dyn Clock, every: Millis, limit: Millis) -> Self {
        Self {
            clock,
            every,
            longest: every,
            limit,
            began: clock.now(),
        }
    }

    /// Tests less often the longer the wait takes: each pause is a twentieth of the time that has passed, at
    /// most `longest`.
    #[must_use]
    pub fn slowing_down_to(mut self, longest: Millis) -> Self {
        self.longest = longest;
        self
    }

    /// Waits until the next test of the condition.
    ///
    /// # Errors
    /// [`TimedOut`] once the limit has passed.
    pub async fn pause(&mut self) -> Result<(), TimedOut> {
        let waited = self.waited();
        if waited >= self.limit {
            return Err(TimedOut { waited });
        }
        let length = (waited / 20).clamp(self.every, self.longest.max(self.every));
        self.clock.sleep(length).await;
        Ok(())
    }

    pub fn waited(&self) -> Millis {
        self.clock.now().since(self.began)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicU64, Ordering},
        task::{Context, Poll, Waker},
    };

    use async_trait::async_trait;

    use super::*;

    /// A clock that advances only by `sleep`.
    struct Jumping(AtomicU64);

    #[async_trait]
    impl Clock for Jumping {
        fn now(&self) -> UnixMillis {
            UnixMillis(self.0.load(Ordering::SeqCst))
        }

        async fn sleep(&self, length: Millis) {
            self.0.fetch_add(length.0, Ordering::SeqCst);
        }
    }

    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the future has to be ready at once"),
        }
    }

    fn polling(clock: &Jumping, every: u64, limit: u64) -> Polling<'_> {
        Polling::new(clock, Millis(every), Millis(limit))
    }

    /// The times at which a condition that is met at `met_at` is tested, and the result of the wait.
    fn asked(met_at: u64, polling: impl Fn(&Jumping) -> Polling<'_>) -> (Vec<u64>, Result<(), TimedOut>) {
        let clock = Jumping(AtomicU64::new(1_000));
        let mut polling = polling(&clock);
        let mut times = Vec::new();
        let ended = now(async {
            loop {
                times.push(polling.waited().0);
                if polling.waited() >= Millis(met_at) {
                    return Ok(());
                }
                polling.pause().await?;
            }
        });
        (times, ended)
    }

    #[test]
    fn a_condition_is_tested_at_the_beginning_and_at_the_limit() {
        assert_eq!(asked(0, |c| polling(c, 10, 0)), (vec![0], Ok(())));
        let met = asked(25, |c| polling(c, 10, 30));
        assert_eq!(met, (vec![0, 10, 20, 30], Ok(())));
        let late = asked(31, |c| polling(c, 10, 30));
        assert_eq!(late, (vec![0, 10, 20, 30], Err(TimedOut { waited: Millis(30) })));
    }

    #[test]
    fn pauses_grow_with_the_time_that_has_passed() {
        let (times, ended) = asked(2_000, |c| polling(c, 2, 9_000).slowing_down_to(Millis(50)));
        let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!((pauses.first(), pauses.last()), (Some(&2), Some(&50)));
        assert!(pauses.is_sorted());
        assert_eq!(ended, Ok(()));
    }
}
