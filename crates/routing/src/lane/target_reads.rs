//! The share of reads that the target answers while the source is the writer.
//!
//! It stands in the lane's record, where each change is a compare-and-set and a commit ends it. A client that has written
//! reads from the writer for a while: its pin. Pins are set from the moment an isolate knows of the share, and the first
//! reads go to the target one lease and one pin later, so no write that is younger than a pin went unpinned.

use serde::{Deserialize, Serialize};

use super::SERVE_LEASE;
use crate::{
    share::ReadShare,
    time::{Millis, UnixMillis},
};

/// The reads that the target answers while the source is the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(percent: f64) -> ReadShare {
        percent.try_into().unwrap()
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
    }
}
