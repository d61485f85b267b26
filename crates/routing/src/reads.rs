//! Which reads the target may answer while the source is still the writer.
//!
//! The share stands in the lane's record, where each change is a compare-and-set and a commit ends it; the rules
//! (which key, which exceptions) stand in the directory. A key has a fixed position from 0 to 9,999, and the share is
//! a limit on positions: raising it moves keys to the target only, lowering it moves keys back only.
//!
//! A client that has written reads from the writer for a while: its pin. Pins are set from the moment an isolate knows of
//! the share, and the first reads go to the target one lease and one pin later, so no write that is younger than a pin
//! went unpinned.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    directory::{Lookup, RequestParts},
    lane::{LaneRecord, Phase, SERVE_LEASE},
    time::{Millis, UnixMillis},
};

/// Positions of keys: one for each hundredth of a percent.
pub const POSITIONS: u16 = 10_000;
/// Longest accepted pin. A target that lags for longer should answer no reads.
pub const MAX_PIN: Millis = Millis(3_600_000);

/// A share of the reads, in percent in steps of 0.01; 0 leaves the exceptions of the directory in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Whether a number from 0 to 9,999, drawn for one request, falls into the share.
    pub const fn takes(self, dice: u16) -> bool {
        dice < self.0
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

/// The reads that the target answers while the source is the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetReads {
    pub percent: ReadShare,
    /// How long a client that has written reads from the writer: longer than the highest lag of replication
    /// (milliseconds).
    pub pin_ms: Millis,
    /// From this time on the target answers (Unix milliseconds); clients that write are pinned before already.
    pub from_ms: UnixMillis,
}

impl TargetReads {
    /// A share that is set at `now` in place of another one, or of none.
    pub fn set(before: Option<Self>, percent: ReadShare, pin_ms: Millis, now: UnixMillis) -> Self {
        let from_ms = match before {
            // Every client that has written since then has a pin that is long enough.
            Some(before) if before.pin_ms >= pin_ms => before.from_ms,
            _ => now + SERVE_LEASE + pin_ms,
        };
        Self {
            percent,
            pin_ms,
            from_ms,
        }
    }
}

/// Which reads of a lane may go to the target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ReadRules {
    /// Where a request names the key that decides about its side; the first place that names one counts. Without a key
    /// the client's address is the key.
    pub key: Vec<Lookup>,
    /// Keys that read from one side whatever the share is.
    pub exceptions: Exceptions,
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
    /// The reads that the target answers in this phase; none if every read belongs to the writer.
    pub fn shared_reads(&self) -> Option<&TargetReads> {
        match self.phase {
            Phase::ServeSource | Phase::Armed => self.target_reads.as_ref(),
            // After a commit the target is the writer, and while requests are held reads wait with them.
            Phase::Hold | Phase::Committed | Phase::Aborting | Phase::ServeTarget => None,
        }
    }

    /// The share of reads that the target answers at `now`.
    pub fn read_share(&self, now: UnixMillis) -> Option<ReadShare> {
        let reads = self.shared_reads()?;
        (now >= reads.from_ms).then_some(reads.percent)
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
        /// A client that reads from the target has not written for the pin that is in force, whichever isolate took the write.
        #[test]
        fn no_client_reads_older_than_its_pin(
            first in 0_u64..20_000, second in 0_u64..60_000, pins in (1_u64..20, 1_u64..20),
            wrote in 0_u64..120_000, delay in 0_u64..60_000, stale in 0_u64..5_000,
        ) {
            let at = UnixMillis;
            let (pins, half) = ((Millis(pins.0 * 1_000), Millis(pins.1 * 1_000)), share(50.0));
            let one = TargetReads::set(None, half, pins.0, at(first));
            let other = TargetReads::set(Some(one), half, pins.1, at(first + second));
            // What an isolate knows at a time: the record may be up to a lease old.
            let known = |now: u64, stale: u64| {
                let as_of = now.saturating_sub(stale);
                if as_of >= first + second { Some(other) } else { (as_of >= first).then_some(one) }
            };
            let pinned_until = known(wrote, stale).map_or(0, |reads| wrote + reads.pin_ms.0);
            let read = wrote + delay;
            if let Some(reads) = known(read, 0)
                && at(read) >= reads.from_ms
                && read >= pinned_until
            {
                prop_assert!(delay >= reads.pin_ms.0, "read {delay} ms after the write, pin {}", reads.pin_ms);
            }
        }

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
