//! A held request in the isolate: one long poll at the lane, repeated if the lane restarts.

use std::time::Duration;

use crossover_routing::{LeasedLane, Millis, UnixMillis};
use futures::future::{Either, select};
use worker::{Delay, Env, Result};

use crate::clock::now;
use crate::known_lane::KnownLane;
use crate::lane_client::{LaneClient, Snapshot, snapshot, unexpected};

/// How long the isolate waits beyond the time at which the lane should have answered.
const SLACK: Millis = Millis(250);
/// Pause before the next attempt after the lane could not be reached.
const RETRY_AFTER: Millis = Millis(100);

/// Why a held request was not released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaveUp {
    /// The longest permitted hold is over.
    TooLong,
    /// The lane already holds the permitted number of requests.
    TooMany,
}

impl GaveUp {
    /// The stable name of the error in the 503 answer.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "held_too_long",
            Self::TooMany => "too_many_held",
        }
    }

    /// The message for the client.
    pub const fn message(self) -> &'static str {
        match self {
            Self::TooLong => {
                "the request was held for the longest permitted time; it was not executed, try again"
            }
            Self::TooMany => "too many requests are held already; this one was not executed, try again",
        }
    }
}

/// Waits until the lane serves, or until the time `until`.
pub async fn wait(lane: &KnownLane, env: &Env, until: UnixMillis) -> std::result::Result<LeasedLane, GaveUp> {
    loop {
        let left = until.since(now());
        if left == Millis(0) {
            return Err(GaveUp::TooLong);
        }
        match poll_once(lane, env, left).await {
            Ok(outcome) => return outcome,
            Err(error) => {
                worker::console_warn!("lane {}: long poll failed: {error}", lane.name);
                Delay::from(Duration::from(RETRY_AFTER.min(left))).await;
            }
        }
    }
}

/// One long poll. The outer error means that the lane was not reached: try again.
async fn poll_once(
    lane: &KnownLane,
    env: &Env,
    left: Millis,
) -> Result<std::result::Result<LeasedLane, GaveUp>> {
    let asked = now();
    let client = LaneClient::new(env, &lane.name)?;
    let report = lane.report();
    let park = Box::pin(client.park(&report, left));
    let limit = Delay::from(Duration::from(left + SLACK));
    let response = match select(park, Box::pin(limit)).await {
        Either::Left((response, _)) => response?,
        Either::Right(_) => return Ok(Err(GaveUp::TooLong)),
    };
    match response.status() {
        200 => Ok(Ok(leased(snapshot(&response)?, asked, now()))),
        429 => Ok(Err(GaveUp::TooMany)),
        504 => Ok(Err(GaveUp::TooLong)),
        _ => Err(unexpected(&response)),
    }
}

/// The lease that arrives with a release. The lease counts from the lane's answer by the lane's clock, but at
/// the earliest from the question and at the latest from the answer by the isolate's clock: the answer of a
/// long poll is as recent as its end.
fn leased(snapshot: Snapshot, asked: UnixMillis, answered: UnixMillis) -> LeasedLane {
    LeasedLane::new(snapshot.record, snapshot.at_ms.clamp(asked, answered.max(asked)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossover_routing::LaneRecord;

    #[test]
    fn a_release_is_leased_from_the_lanes_answer_within_the_isolates_own_clock() {
        let from = |at_ms| {
            leased(
                Snapshot {
                    record: LaneRecord::new("main"),
                    at_ms: UnixMillis(at_ms),
                },
                UnixMillis(1_000),
                UnixMillis(9_000),
            )
            .leased_from()
            .0
        };
        assert_eq!(from(8_990), 8_990);
        assert_eq!(
            from(50_000),
            9_000,
            "a lane whose clock is ahead must not prolong the lease"
        );
        assert_eq!(from(10), 1_000);
    }
}
