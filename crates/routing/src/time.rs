//! Times and durations as they stand in the contracts, in milliseconds: a type for each kind.

use std::{
    cmp::Ordering,
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Div, Mul, Sub},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

/// A duration in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Millis(pub u64);

/// A measured duration in milliseconds, with fractions.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct FractionalMillis(pub f64);

impl Millis {
    /// This many seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// Whole seconds; parts of one are cut off.
    #[must_use]
    pub const fn whole_seconds(self) -> u64 {
        self.0 / 1_000
    }
}

impl FractionalMillis {
    /// The time from one point to another; negative if `to` is the earlier one.
    #[must_use]
    pub fn between(from: UnixMillis, to: UnixMillis) -> Self {
        Self::from(to.since(from)) - Self::from(from.since(to))
    }

    /// The order of all values, as of [`f64::total_cmp`].
    #[must_use]
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }

    /// The longer of the two.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

impl UnixMillis {
    /// The point in time that lies this long after 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn after_1970(elapsed: Duration) -> Self {
        Self(Millis::from(elapsed).0)
    }

    /// Later than every real time.
    pub const MAX: Self = Self(u64::MAX);

    /// The time from `earlier` to this one; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// How far apart two times are, in either order.
    #[must_use]
    pub const fn distance(self, other: Self) -> Millis {
        Millis(self.0.abs_diff(other.0))
    }
}

/// The sum saturates: an overflow gives the latest time, never an early one.
impl Add<Millis> for UnixMillis {
    type Output = Self;

    fn add(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

/// The difference saturates at 1970.
impl Sub<Millis> for UnixMillis {
    type Output = Self;

    fn sub(self, length: Millis) -> Self {
        Self(self.0.saturating_sub(length.0))
    }
}

impl Add for Millis {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// The difference saturates at zero.
impl Sub for Millis {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Millis {
    type Output = Self;

    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Div<u64> for Millis {
    type Output = Self;

    fn div(self, divisor: u64) -> Self {
        Self(self.0 / divisor)
    }
}

impl Sum for Millis {
    fn sum<I: Iterator<Item = Self>>(lengths: I) -> Self {
        lengths.fold(Self::default(), Add::add)
    }
}

impl AddAssign<Millis> for UnixMillis {
    fn add_assign(&mut self, length: Millis) {
        *self = *self + length;
    }
}

impl AddAssign for Millis {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Whole milliseconds; parts of one are cut off.
impl From<Duration> for Millis {
    fn from(length: Duration) -> Self {
        Self(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
    }
}

impl From<Millis> for FractionalMillis {
    fn from(length: Millis) -> Self {
        Self(length.0 as f64)
    }
}

impl From<Duration> for FractionalMillis {
    fn from(length: Duration) -> Self {
        Self(length.as_secs_f64() * 1_000.0)
    }
}

/// Not a number and negative durations become zero.
impl From<FractionalMillis> for Duration {
    fn from(length: FractionalMillis) -> Self {
        Self::try_from_secs_f64(length.0 / 1_000.0).unwrap_or_default()
    }
}

impl Add for FractionalMillis {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for FractionalMillis {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Sum for FractionalMillis {
    fn sum<I: Iterator<Item = Self>>(lengths: I) -> Self {
        lengths.fold(Self::default(), Add::add)
    }
}

impl From<Millis> for Duration {
    fn from(length: Millis) -> Self {
        Self::from_millis(length.0)
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_saturate() {
        assert_eq!(UnixMillis(10) + Millis(5), UnixMillis(15));
        assert_eq!(UnixMillis::MAX + Millis(1), UnixMillis::MAX);
        assert_eq!(UnixMillis(3) - Millis(5), UnixMillis(0));
        assert_eq!(UnixMillis(10).since(UnixMillis(4)), Millis(6));
        assert_eq!(UnixMillis(4).since(UnixMillis(10)), Millis(0));
        assert_eq!(UnixMillis(4).distance(UnixMillis(10)), Millis(6));
        assert_eq!(Millis(3) - Millis(5), Millis(0));
        assert_eq!(Millis(u64::MAX) + Millis(1), Millis(u64::MAX));
        assert_eq!(Millis(u64::MAX) * 2, Millis(u64::MAX));
        assert_eq!([Millis(1), Millis(2)].into_iter().sum::<Millis>(), Millis(3));
    }

    #[test]
    fn parts_of_a_unit_are_cut_off() {
        assert_eq!(Millis::from(Duration::from_micros(1_999)), Millis(1));
        assert_eq!(Millis(1_999).whole_seconds(), 1);
        assert_eq!(Millis::from_seconds(2), Millis(2_000));
    }

    #[test]
    fn fractions_are_kept_and_a_negative_time_is_no_duration() {
        assert_eq!(
            FractionalMillis::from(Duration::from_micros(1_500)),
            FractionalMillis(1.5)
        );
        assert_eq!(
            Duration::from(FractionalMillis(1.5)),
            Duration::from_micros(1_500)
        );
        assert_eq!(Duration::from(FractionalMillis(-1.0)), Duration::ZERO);
        assert_eq!(
            FractionalMillis::between(UnixMillis(3), UnixMillis(5)),
            FractionalMillis(2.0)
        );
        assert_eq!(
            FractionalMillis::between(UnixMillis(5), UnixMillis(3)),
            FractionalMillis(-2.0)
        );
        assert_eq!(
            FractionalMillis(1.0) - FractionalMillis(1.5),
            FractionalMillis(-0.5)
        );
    }

    #[test]
    fn all_are_plain_numbers_in_json() {
        assert_eq!(
            serde_json::to_string(&(UnixMillis(7), Millis(8), FractionalMillis(0.5))).unwrap(),
            "[7,8,0.5]"
        );
        assert_eq!(serde_json::from_str::<UnixMillis>("7").unwrap(), UnixMillis(7));
    }
}
