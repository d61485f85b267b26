//! Times and durations as they stand in the contracts: whole milliseconds, with a type for each kind.

use std::{
    fmt,
    ops::{Add, AddAssign, Sub},
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

impl UnixMillis {
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
    }

    #[test]
    fn both_are_plain_numbers_in_json() {
        assert_eq!(
            serde_json::to_string(&(UnixMillis(7), Millis(8))).unwrap(),
            "[7,8]"
        );
        assert_eq!(serde_json::from_str::<UnixMillis>("7").unwrap(), UnixMillis(7));
    }
}
