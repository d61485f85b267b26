//! Which reads the target may answer while the source is still the writer.
//!
//! The share stands in the lane's record, where each change is a compare-and-set and a commit ends it; the rules
//! (which key, which exceptions) stand in the directory. A key has a fixed position from 0 to 9,999, and the share is
//! a limit on positions: raising it moves keys to the target only, lowering it moves keys back only.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    directory::{Lookup, RequestParts},
    lane::{LaneRecord, Phase},
};

/// Positions of keys: one for each hundredth of a percent.
const POSITIONS: u16 = 10_000;
/// How long a client that has written reads from the writer, unless the directory says otherwise: the highest lag of
/// replication that the product accepts.
const DEFAULT_PIN_S: u32 = 30;

/// A share of the reads, in percent in steps of 0.01; 0 leaves the exceptions of the directory in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct ReadShare(u16);

/// A number that is no share.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a percentage from 0 to 100 in steps of 0.01")]
pub struct NoShare(f64);

impl TryFrom<f64> for ReadShare {
    type Error = NoShare;

    fn try_from(percent: f64) -> Result<Self, NoShare> {
        let hundredths = percent * 100.0;
        let whole = hundredths.round();
        if (0.0..=f64::from(POSITIONS)).contains(&whole) && (hundredths - whole).abs() < 1e-6 {
            Ok(Self(whole as u16))
        } else {
            Err(NoShare(percent))
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
        write!(f, "{} %", f64::from(*self))
    }
}

impl ReadShare {
    /// Whether the share contains the key, at this lane. The same key has the same answer in every isolate.
    pub fn contains(self, lane: &str, key: &str) -> bool {
        position(lane, key) < self.0
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

/// Which reads of a lane may go to the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ReadRules {
    /// Where a request names the key that decides about its side; the first place that names one counts. Without a key
    /// the client's address is the key.
    pub key: Vec<Lookup>,
    /// Keys that read from one side whatever the share is.
    pub exceptions: Exceptions,
    /// How long a client that has written reads from the writer (seconds): longer than the highest lag of replication.
    pub pin_s: u32,
}

impl Default for ReadRules {
    fn default() -> Self {
        Self {
            key: Vec::new(),
            exceptions: Exceptions::default(),
            pin_s: DEFAULT_PIN_S,
        }
    }
}

/// Keys that read from one side whatever the share is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Exceptions {
    /// Keys that read from the source.
    pub source: BTreeSet<String>,
    /// Keys that read from the target.
    pub target: BTreeSet<String>,
}

impl ReadRules {
    /// Whether the reads of `key` belong to the target at this share.
    pub fn prefer_target(&self, lane: &str, share: ReadShare, key: &str) -> bool {
        if self.exceptions.source.contains(key) {
            false
        } else {
            self.exceptions.target.contains(key) || share.contains(lane, key)
        }
    }

    /// The key of a request; none if the request names none and its client has no address.
    pub fn key_of(&self, request: &impl RequestParts) -> Option<String> {
        let named = self.key.iter().find_map(|place| place.first(request));
        named.or_else(|| request.client())
    }
}

impl LaneRecord {
    /// The share of reads that the target may answer now; none if every read belongs to the writer.
    pub fn target_reads(&self) -> Option<ReadShare> {
        match self.phase {
            Phase::ServeSource | Phase::Armed => self.target_read_percent,
            // After a commit the target is the writer, and while requests are held reads wait with them.
            Phase::Hold | Phase::Committed | Phase::Aborting | Phase::ServeTarget => None,
        }
    }
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
    fn exceptions_win_over_the_share() {
        let rules = ReadRules {
            exceptions: Exceptions {
                source: ["old".to_owned()].into(),
                target: ["pilot".to_owned()].into(),
            },
            ..ReadRules::default()
        };
        assert!(rules.prefer_target("main", share(0.0), "pilot"));
        assert!(!rules.prefer_target("main", share(100.0), "old"));
        assert!(rules.prefer_target("main", share(100.0), "any"));
        assert!(!rules.prefer_target("main", share(0.0), "any"));
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
