//! A circuit breaker: after some failures in a row nothing is sent for a while; then a single request probes.

use crate::time::{Millis, UnixMillis};

/// Failures in a row after which the breaker opens.
pub const FAILURES: u32 = 5;
/// How long an open breaker lets nothing pass, and how long one probe may take before the next.
pub const PAUSE: Millis = Millis(5_000);

/// The failures of one destination, as one isolate has seen them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Breaker {
    in_a_row: u32,
    /// No request passes before this time.
    closed_off_until: UnixMillis,
}

impl Breaker {
    /// Whether a request may pass at `now`. While the breaker is half open this admits one request in each pause: ask only
    /// for a request that is then sent.
    pub fn admits(&mut self, now: UnixMillis) -> bool {
        if self.in_a_row < FAILURES {
            return true;
        }
        let probe = now >= self.closed_off_until;
        if probe {
            self.closed_off_until = now + PAUSE;
        }
        probe
    }

    /// Whether the last request that passed was answered: nothing has to be noted of one more answer.
    pub fn is_quiet(&self) -> bool {
        *self == Self::default()
    }

    /// A request that passed has failed.
    pub fn failed(&mut self, now: UnixMillis) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        if self.in_a_row >= FAILURES {
            self.closed_off_until = now + PAUSE;
        }
    }

    /// A request that passed was answered.
    pub fn answered(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            assert!(breaker.admits(NOW));
            breaker.failed(NOW);
        }
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.failed(NOW);
            breaker.answered();
        }
        assert!(breaker.admits(NOW));
        assert!(!opened().admits(NOW));
    }

    #[test]
    fn one_probe_in_each_pause_decides_whether_it_closes() {
        let mut breaker = opened();
        let later = NOW + PAUSE;
        assert!(!breaker.admits(later - Millis(1)));
        assert!(breaker.admits(later), "the probe");
        assert!(!breaker.admits(later), "a second one has to wait");
        assert!(
            breaker.admits(later + PAUSE),
            "a probe that never ends does not block the next"
        );
        let mut closed = breaker;
        closed.answered();
        assert!(closed.admits(later) && closed.admits(later));
        breaker.failed(later + PAUSE);
        assert!(!breaker.admits(later + PAUSE));
    }

    proptest! {
        /// A destination that always fails gets at most one request in each pause once the breaker is open.
        #[test]
        fn a_dead_destination_is_left_alone(gaps in prop::collection::vec(0_u64..400, 0..300)) {
            let (mut breaker, mut now, mut sent) = (opened(), NOW, 0_u64);
            for gap in gaps {
                now += Millis(gap);
                if breaker.admits(now) {
                    breaker.failed(now);
                    sent += 1;
                }
            }
            prop_assert!(sent <= now.since(NOW).0 / PAUSE.0, "{} sent in {}", sent, now.since(NOW));
        }
    }
}
