//! Where a sequence has to stand to follow the same sequence on the other side.

use super::SequenceFacts;

impl SequenceFacts {
    /// One of the two starts again at its other end: their positions have no order, because a lower one may be the later one.
    pub const fn cycles_with(&self, other: &Self) -> bool {
        self.cycle || other.cycle
    }

    /// Nothing is left to be moved: the first value handed out here comes after everything `other` has handed out, or, in a
    /// sequence that cycles, exactly `headroom` steps behind the position of `other`.
    pub fn follows(&self, other: &Self, headroom: i64) -> bool {
        if self.cycles_with(other) {
            self.position_after(other, headroom).is_none()
        } else {
            self.is_beyond(other)
        }
    }

    /// The position from which only values beyond `other` by at least `headroom` steps are handed out; none where the sequence
    /// may stay as it is. A sequence that cycles never stays because its position looks higher.
    pub fn position_after(&self, other: &Self, headroom: i64) -> Option<i64> {
        let last = other.last_value?;
        if self.cycles_with(other) {
            let wanted = self.round_the_cycle(last, headroom);
            return (self.last_value != Some(wanted)).then_some(wanted);
        }
        let wanted = i128::from(last) + i128::from(self.increment) * i128::from(headroom.max(0));
        // At its end a sequence refuses, which is better than repeating.
        let wanted = wanted.clamp(i128::from(self.min_value), i128::from(self.max_value)) as i64;
        let ahead = |than: i64| {
            if self.increment > 0 {
                wanted > than
            } else {
                wanted < than
            }
        };
        self.last_value.is_none_or(ahead).then_some(wanted)
    }

    /// The value before `value`, counted round the cycle where there is one; none before the first.
    pub fn value_before(&self, value: i64) -> Option<i64> {
        let before = value
            .checked_sub(self.increment)
            .filter(|before| (self.min_value..=self.max_value).contains(before));
        if before.is_none() && self.cycle {
            let (first, step) = (i128::from(self.first()), i128::from(self.increment));
            return Some((first + (self.values() - 1) * step) as i64);
        }
        before
    }

    /// `headroom` steps after `last`, as the server counts: after the last value comes the one at the other end. Never more
    /// than half of the cycle, so that the values used last are the last to come again.
    fn round_the_cycle(&self, last: i64, headroom: i64) -> i64 {
        let step = i128::from(self.increment);
        let last = i128::from(last.clamp(self.min_value, self.max_value));
        let steps = i128::from(headroom.max(0)).min(self.values() / 2);
        let end = i128::from(if self.increment > 0 {
            self.max_value
        } else {
            self.min_value
        });
        let before_the_end = (end - last) / step;
        let wanted = if steps <= before_the_end {
            last + steps * step
        } else {
            i128::from(self.first()) + (steps - before_the_end - 1) % self.values() * step
        };
        wanted as i64
    }

    /// Where a cycle begins.
    const fn first(&self) -> i64 {
        if self.increment > 0 {
            self.min_value
        } else {
            self.max_value
        }
    }

    /// How many values a cycle has.
    fn values(&self) -> i128 {
        let span = i128::from(self.max_value) - i128::from(self.min_value);
        span / i128::from(self.increment).abs().max(1) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycling(increment: i64, last_value: Option<i64>) -> SequenceFacts {
        SequenceFacts {
            schema: "shop".into(),
            name: "tickets".into(),
            increment,
            min_value: 1,
            max_value: 9_999,
            cycle: true,
            cache: 1,
            last_value,
            start_value: 1,
        }
    }

    #[test]
    fn a_cycling_sequence_goes_where_the_other_one_would_go_on_whatever_looks_higher() {
        let wrapped = cycling(1, Some(120));
        assert_eq!(
            cycling(1, Some(5_000)).position_after(&wrapped, 1_000),
            Some(1_120)
        );
        assert_eq!(cycling(1, None).position_after(&wrapped, 1_000), Some(1_120));
        assert_eq!(cycling(1, Some(1_120)).position_after(&wrapped, 1_000), None);
        assert!(!cycling(1, Some(5_000)).follows(&wrapped, 1_000));
        assert!(cycling(1, Some(1_120)).follows(&wrapped, 1_000));
    }

    #[test]
    fn the_headroom_goes_round_the_end_in_either_direction() {
        let near =
            |increment, last| cycling(increment, None).position_after(&cycling(increment, last), 1_000);
        assert_eq!(near(1, Some(9_900)), Some(901));
        assert_eq!(near(-1, Some(100)), Some(9_099));
        // 9,997 is the last of the values 1, 4, 7, ...
        assert_eq!(near(3, Some(9_997)), Some(1 + 999 * 3));
    }

    #[test]
    fn a_short_cycle_keeps_half_of_its_values_before_the_last_used_comes_again() {
        let short = |last_value| SequenceFacts {
            max_value: 10,
            ..cycling(1, last_value)
        };
        assert_eq!(short(None).position_after(&short(Some(8)), 1_000), Some(3));
        let single = |last_value| SequenceFacts {
            max_value: 1,
            ..cycling(1, last_value)
        };
        assert_eq!(single(Some(1)).position_after(&single(Some(1)), 1_000), None);
    }

    #[test]
    fn before_the_first_value_of_a_cycle_comes_its_last() {
        assert_eq!(cycling(1, None).value_before(1), Some(9_999));
        assert_eq!(cycling(-3, None).value_before(9_999), Some(3));
        let once = SequenceFacts {
            cycle: false,
            ..cycling(1, None)
        };
        assert_eq!((once.value_before(1), once.value_before(2)), (None, Some(1)));
    }
}
