//! Reads that the target answers while the source is the writer.

use crossover_routing::directory::{Lane, Lookup, RequestParts};
use crossover_routing::{LaneRecord, Millis};

use crate::clock::now;
use crate::headers;
use crate::known_lane::KnownLane;

/// Whether a read belongs to the target by its key and the lane's share. Costs nothing while there is no share.
pub fn belong(record: &LaneRecord, lane: &Lane, parts: &impl RequestParts) -> bool {
    let Some(share) = record.read_share(now()) else {
        return false;
    };
    let pin = Lookup::Cookie(headers::PIN_COOKIE.to_owned());
    pin.first(parts).is_none()
        && lane
            .reads
            .key_of(parts)
            .is_some_and(|key| lane.reads.prefer_target(&record.lane, share, &key))
}

/// Whether the read goes to the target: it belongs there, and the target is not left alone at present.
pub fn go_there(record: &LaneRecord, lane: &Lane, known: &KnownLane, parts: &impl RequestParts) -> bool {
    // The breaker is asked last: one that is half open admits one request only.
    belong(record, lane, parts) && {
        let mut breaker = known.target_breaker.get();
        let admitted = breaker.admits(now());
        known.target_breaker.set(breaker);
        admitted
    }
}

/// Keeps the outcome of a read of the target's share: a target that fails is left alone for a while.
pub fn note(lane: &KnownLane, failed: bool) {
    let mut breaker = lane.target_breaker.get();
    if failed {
        breaker.failed(now());
    } else {
        breaker.answered();
    }
    lane.target_breaker.set(breaker);
}

/// For how long the reads of a client that has written belong to the writer.
pub fn pin(record: &LaneRecord, is_write: bool) -> Option<Millis> {
    let reads = record.shared_reads().filter(|_| is_write)?;
    Some(reads.pin_ms)
}
