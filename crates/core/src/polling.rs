//! Waiting for a condition by testing it repeatedly, on the clock port.
//!
//! ```ignore
//! let mut polling = Polling::new(clock, 50, 4_000);
//! while !condition().await? {
//!     polling.pause().await.map_err(|late| ...)?;
//! }
//! ```
//! The loop stays with the caller: a closure that returns a future cannot be proven to be `Send` where ports
//! are borrowed.

use crate::ports::Clock;

/// The condition was not met within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut {
    pub waited_ms: u64,
}

/// The pauses between two tests of a condition, up to a time limit.
pub struct Polling<'a> {
    clock: &'a dyn Clock,
    every_ms: u64,
    longest_ms: u64,
    limit_ms: u64,
    began: u64,
}

impl<'a> Polling<'a> {
    /// One test every `every_ms`, for at most `limit_ms` from now.
    pub fn new(clock: &'a dyn Clock, every_ms: u64, limit_ms: u64) -> Self {
        Self {
            clock,
            every_ms,
            longest_ms: every_ms,
            limit_ms,
            began: clock.now_ms(),
        }
    }

    /// Tests less often the longer the wait takes: each pause is a twentieth of the time that has passed, at
    /// most `longest_ms`.
    #[must_use]
    pub fn slowing_down_to(mut self, longest_ms: u64) -> Self {
        self.longest_ms = longest_ms;
        self
    }

    /// Waits until the next test of the condition.
    ///
    /// # Errors
    /// [`TimedOut`] once the limit has passed.
    pub async fn pause(&mut self) -> Result<(), TimedOut> {
        let waited_ms = self.waited_ms();
        if waited_ms >= self.limit_ms {
            return Err(TimedOut { waited_ms });
        }
        let pause_ms = (waited_ms / 20).clamp(self.every_ms, self.longest_ms.max(self.every_ms));
        self.clock.sleep_ms(pause_ms).await;
        Ok(())
    }

    pub fn waited_ms(&self) -> u64 {
        self.clock.now_ms().saturating_sub(self.began)
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

    /// A clock that advances only by `sleep_ms`.
    struct Jumping(AtomicU64);

    #[async_trait]
    impl Clock for Jumping {
        fn now_ms(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }

        async fn sleep_ms(&self, ms: u64) {
            self.0.fetch_add(ms, Ordering::SeqCst);
        }
    }

    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the future has to be ready at once"),
        }
    }

    /// The times at which a condition that is met at `met_at` is tested, and the result of the wait.
    fn asked(met_at: u64, polling: impl Fn(&Jumping) -> Polling<'_>) -> (Vec<u64>, Result<(), TimedOut>) {
        let clock = Jumping(AtomicU64::new(1_000));
        let mut polling = polling(&clock);
        let mut times = Vec::new();
        let ended = now(async {
            loop {
                times.push(polling.waited_ms());
                if polling.waited_ms() >= met_at {
                    return Ok(());
                }
                polling.pause().await?;
            }
        });
        (times, ended)
    }

    #[test]
    fn a_condition_is_tested_at_the_beginning_and_at_the_limit() {
        assert_eq!(asked(0, |c| Polling::new(c, 10, 0)), (vec![0], Ok(())));
        let met = asked(25, |c| Polling::new(c, 10, 30));
        assert_eq!(met, (vec![0, 10, 20, 30], Ok(())));
        let late = asked(31, |c| Polling::new(c, 10, 30));
        assert_eq!(late, (vec![0, 10, 20, 30], Err(TimedOut { waited_ms: 30 })));
    }

    #[test]
    fn pauses_grow_with_the_time_that_has_passed() {
        let (times, ended) = asked(2_000, |c| Polling::new(c, 2, 9_000).slowing_down_to(50));
        let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!((pauses.first(), pauses.last()), (Some(&2), Some(&50)));
        assert!(pauses.is_sorted());
        assert_eq!(ended, Ok(()));
    }
}
