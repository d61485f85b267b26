//! Shares of requests and of keys.
//!
//! A key has a fixed position from 0 to 9,999, and a share is a limit on positions: raising it takes keys in only, lowering it
//! lets keys go only.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Positions of keys: one for each hundredth of a percent.
pub const POSITIONS: u16 = 10_000;
/// A share of the reads, in percent in steps of 0.01; 0 leaves the exceptions of the directory in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct ReadShare(u16);

/// A number is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a share is a percentage from 0 to 100 in steps of 0.01")]
pub struct NoShare;

impl TryFrom<f64> for ReadShare {
    type Error = NoShare;

    fn try_from(percent: f64) -> Result<Self, NoShare> {
        let hundredths = percent * 100.0;
        let whole = hundredths.round();
        if (0.0..=f64::from(POSITIONS)).contains(&whole) && (hundredths - whole).abs() < 1e-6 {
            Ok(Self(whole as u16))
        } else {
            Err(NoShare)
        }
    }
}

impl From<ReadShare> for f64 {
    fn from(share: ReadShare) -> Self {
        Self::from(share.0) / 100.0
    }
}

impl std::fmt::Display for ReadShare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the formatting of floating point numbers, which would make the Worker 5 KB larger.
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole} %"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{} %", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02} %"),
        }
    }
}

impl ReadShare {
    /// Whether it takes nothing.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether a number from 0 to 9,999, drawn for one request, falls into the share.
    pub const fn takes(self, dice: u16) -> bool {
        dice < self.0
    }

    /// The same from the other end, so that what one share takes is not what another one leaves.
    pub const fn takes_high(self, dice: u16) -> bool {
        dice >= POSITIONS - self.0
    }

    /// Whether the share contains the key, at this lane. The same key has the same answer in every isolate.
    pub fn contains(self, lane: &str, key: &str) -> bool {
        self.takes(position(lane, key))
    }
}

/// The key's fixed position at a lane, from 0 to 9,999.
fn position(lane: &str, key: &str) -> u16 {
    let digest = Sha256::new()
        .chain_update(lane)
        .chain_update([0])
        .chain_update(key)
        .finalize();
    let head = digest
        .iter()
        .take(8)
        .fold(0_u64, |head, byte| (head << 8) | u64::from(*byte));
    (head % u64::from(POSITIONS)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(percent: f64) -> ReadShare {
        percent.try_into().unwrap()
    }

    #[test]
    fn a_share_is_a_percentage_in_steps_of_a_hundredth() {
        for (percent, text) in [(0.0, "0 %"), (0.01, "0.01 %"), (12.5, "12.5 %"), (100.0, "100 %")] {
            assert_eq!(share(percent).to_string(), text);
            assert_eq!(
                serde_json::to_value(share(percent)).unwrap(),
                serde_json::json!(percent)
            );
        }
        for percent in [-0.01, 100.01, 0.005, f64::NAN, f64::INFINITY] {
            assert!(ReadShare::try_from(percent).is_err(), "{percent}");
        }
    }

    #[test]
    fn positions_are_fixed_for_ever() {
        // Keys must keep their side across releases: these figures never change. Computed apart from this code: the first
        // eight bytes of the SHA-256 of lane, a zero byte and key, as a big-endian number, modulo 10,000.
        let positions = ["acme", "globex", "42", ""].map(|key| position("main", key));
        assert_eq!(positions, [2_321, 5_707, 7_448, 8_765]);
        assert_ne!(position("a", "bc"), position("ab", "c"));
    }

    #[test]
    fn a_share_takes_about_its_part_of_the_keys() {
        let taken = (0..20_000)
            .filter(|n| share(10.0).contains("main", &n.to_string()))
            .count();
        assert!((1_800..2_200).contains(&taken), "{taken} of 20,000 keys");
    }

    #[test]
    fn a_share_from_the_other_end_takes_as_many() {
        for percent in [0.0, 0.01, 30.0, 100.0] {
            let share = share(percent);
            let both =
                |takes: fn(ReadShare, u16) -> bool| (0..POSITIONS).filter(|dice| takes(share, *dice)).count();
            assert_eq!(both(ReadShare::takes), both(ReadShare::takes_high), "{percent}");
        }
        assert!(!share(50.0).takes_high(4_999) && !share(50.0).takes(5_000));
    }

    proptest! {
        /// Raising the share never moves a key back, and the two ends take all or nothing.
        #[test]
        fn shares_are_monotone(key in ".{0,24}", low in 0_u16..=10_000, more in 0_u16..=10_000) {
            let high = ReadShare(low.saturating_add(more).min(POSITIONS));
            let low = ReadShare(low);
            prop_assert!(!low.contains("main", &key) || high.contains("main", &key));
            prop_assert!(ReadShare(POSITIONS).contains("main", &key));
            prop_assert!(!ReadShare(0).contains("main", &key));
        }
    }
}
