//! The position that a sequence needs to continue after the same sequence on the other side.

use super::SequenceFacts;

impl SequenceFacts {
    /// Whether one of the two sequences cycles. Their positions then have no order, because a lower position
    /// may be the later one.
    pub const fn cycles_with(&self, other: &Self) -> bool {
        self.cycle || other.cycle
    }

    /// Whether the sequence needs no move: its next value lies beyond every value that `other` has given out,
    /// or, for a sequence that cycles, its position is exactly `headroom` steps after that of `other`.
    pub fn follows(&self, other: &Self, headroom: i64) -> bool {
        if self.cycles_with(other) {
            self.position_after(other, headroom).is_none()
        } else {
            self.is_beyond(other)
        }
    }

    /// The position from which all further values lie at least `headroom` steps beyond `other`; `None` where
    /// the sequence may stay as it is. A higher position alone never lets a sequence that cycles stay.
    pub fn position_after(&self, other: &Self, headroom: i64) -> Option<i64> {
        let last = other.last_value?;
        if self.cycles_with(other) {
            let wanted = self.round_the_cycle(last, headroom);
            return (self.last_value != Some(wanted)).then_some(wanted);
        }
        let wanted = i128::from(last) + i128::from(self.increment) * i128::from(headroom.max(0));
        // At its end a sequence fails, which is better than a repeated value.
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

    /// The value before `value`. Before the first value it is the last one of a cycle, and `None` without a
    /// cycle.
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

    /// The position `headroom` steps after `last`; the last value is followed by the one at the other end. At
    /// most half of the cycle, so that the most recently used values are repeated last.
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

    /// The first value of a cycle.
    const fn first(&self) -> i64 {
        if self.increment > 0 {
            self.min_value
        } else {
            self.max_value
        }
    }

    /// The number of values in a cycle.
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
    fn a_cycling_sequence_continues_after_the_other_one_even_from_a_higher_position() {
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
    fn the_headroom_continues_past_the_end_of_the_cycle_in_either_direction() {
        let near =
            |increment, last| cycling(increment, None).position_after(&cycling(increment, last), 1_000);
        assert_eq!(near(1, Some(9_900)), Some(901));
        assert_eq!(near(-1, Some(100)), Some(9_099));
        // 9,997 is the last of the values 1, 4, 7, ...
        assert_eq!(near(3, Some(9_997)), Some(1 + 999 * 3));
    }

    #[test]
    fn in_a_short_cycle_the_headroom_is_at_most_half_of_the_values() {
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
    fn the_value_before_the_first_one_of_a_cycle_is_its_last() {
        assert_eq!(cycling(1, None).value_before(1), Some(9_999));
        assert_eq!(cycling(-3, None).value_before(9_999), Some(3));
        let once = SequenceFacts {
            cycle: false,
            ..cycling(1, None)
        };
        assert_eq!((once.value_before(1), once.value_before(2)), (None, Some(1)));
    }
}
