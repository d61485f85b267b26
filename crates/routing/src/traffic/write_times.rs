//! How long writes took: counts by size, which add up over isolates.

use std::{fmt, ops::Add, str::FromStr};

use super::BadReport;
use crate::{
    sizes::{self, LIMITS, SIZES},
    time::Millis,
};

/// Numbers of writes by how long they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct WriteTimes([u32; SIZES]);

impl WriteTimes {
    pub fn add_one(&mut self, took: Millis) {
        if let Some(count) = self.0.get_mut(sizes::of(took)) {
            *count = count.saturating_add(1);
        }
    }

    pub fn count(&self) -> u64 {
        self.0.iter().copied().map(u64::from).sum()
    }

    /// 95 of 100 writes took at most this long. None without writes.
    pub fn p95(&self) -> Option<Millis> {
        self.percentile(95)
    }

    /// The limit of the size that holds this percentile, a minute for writes without a limit.
    fn percentile(&self, percent: u64) -> Option<Millis> {
        let (all, mut seen) = (self.count(), 0);
        let size = self.0.iter().position(|count| {
            seen += u64::from(*count);
            seen > 0 && seen * 100 >= all * percent
        })?;
        Some(Millis(LIMITS.get(size).copied().unwrap_or(60_000)))
    }

    /// How many of these writes, which came in this time, were under way at once: their number times how long one takes (Little's law).
    pub fn at_once(&self, over: Millis) -> u64 {
        let took = self.percentile(50).unwrap_or_default();
        (self.count() * took.0).div_ceil(over.0.max(1))
    }
}

impl Add for WriteTimes {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
        self
    }
}

/// The counts, separated by `-`.
impl fmt::Display for WriteTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, count) in self.0.iter().enumerate() {
            let before = if index == 0 { "" } else { "-" };
            write!(f, "{before}{count}")?;
        }
        Ok(())
    }
}

impl FromStr for WriteTimes {
    type Err = BadReport;

    fn from_str(text: &str) -> Result<Self, BadReport> {
        let counts: Result<Vec<u32>, _> = text.split('-').map(str::parse).collect();
        let counts = counts.map_err(|_| BadReport)?;
        counts.try_into().map(Self).map_err(|_| BadReport)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_p95_is_the_limit_that_95_of_100_writes_keep() {
        let mut times = WriteTimes::default();
        assert_eq!(times.p95(), None);
        for _ in 0..95 {
            times.add_one(Millis(7));
        }
        for _ in 0..5 {
            times.add_one(Millis(400));
        }
        assert_eq!((times.count(), times.p95()), (100, Some(Millis(10))));
        times.add_one(Millis(400));
        assert_eq!(times.p95(), Some(Millis(500)));
        assert_eq!((times + times).count(), 202);
    }

    #[test]
    fn writes_at_once_are_their_rate_times_how_long_one_takes() {
        let mut times = WriteTimes::default();
        assert_eq!(times.at_once(Millis(10_000)), 0);
        for _ in 0..2_200 {
            times.add_one(Millis(7));
        }
        assert_eq!(times.at_once(Millis(10_000)), 3);
        for _ in 0..10_000 {
            times.add_one(Millis(400));
        }
        assert_eq!(times.at_once(Millis(10_000)), 610);
        assert_eq!(
            times.at_once(Millis(0)),
            6_100_000,
            "no time at all is a millisecond"
        );
    }

    #[test]
    fn a_write_that_took_longer_than_every_limit_counts_too() {
        let mut times = WriteTimes::default();
        times.add_one(Millis(31_000));
        assert_eq!(times.p95(), Some(Millis(60_000)));
    }
}
