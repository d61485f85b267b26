//! A held request, seen from the isolate: one long poll at the lane, repeated if the lane restarts.

use std::time::Duration;

use crossover_routing::LeasedLane;
use futures::future::{Either, select};
use worker::{Delay, Env, Result};

use crate::clock::now_ms;
use crate::config::Config;
use crate::lane_client::{LaneClient, Snapshot, snapshot, unexpected};

/// How long after the lane should have answered the isolate waits for it.
const SLACK_MS: u64 = 250;
/// Pause before a lane that could not be reached is asked again.
const RETRY_MS: u64 = 100;

/// Why a held request was not let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaveUp {
    /// It was held for as long as is allowed.
    TooLong,
    /// The lane holds as many requests as it may.
    TooMany,
}

impl GaveUp {
    /// The stable name in the 503 answer.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "held_too_long",
            Self::TooMany => "too_many_held",
        }
    }

    /// What the client should know.
    pub const fn message(self) -> &'static str {
        match self {
            Self::TooLong => "the request was held for as long as is allowed; it was not executed, try again",
            Self::TooMany => "too many requests are held already; this one was not executed, try again",
        }
    }
}

/// Waits until the lane serves or `until_ms` has come.
pub async fn wait(env: &Env, config: &Config, until_ms: u64) -> std::result::Result<LeasedLane, GaveUp> {
    loop {
        let left_ms = until_ms.saturating_sub(now_ms());
        if left_ms == 0 {
            return Err(GaveUp::TooLong);
        }
        match poll_once(env, config, left_ms).await {
            Ok(outcome) => return outcome,
            Err(error) => {
                worker::console_warn!("lane {}: long poll failed: {error}", config.lane);
                Delay::from(Duration::from_millis(RETRY_MS.min(left_ms))).await;
            }
        }
    }
}

/// One long poll. The outer error means the lane was not reached: ask again.
async fn poll_once(
    env: &Env,
    config: &Config,
    left_ms: u64,
) -> Result<std::result::Result<LeasedLane, GaveUp>> {
    let asked_ms = now_ms();
    let client = LaneClient::new(env, &config.lane)?;
    let park = Box::pin(client.park(left_ms, config.held_max));
    let limit = Delay::from(Duration::from_millis(left_ms + SLACK_MS));
    let response = match select(park, Box::pin(limit)).await {
        Either::Left((response, _)) => response?,
        Either::Right(_) => return Ok(Err(GaveUp::TooLong)),
    };
    match response.status() {
        200 => Ok(Ok(lease(snapshot(&response)?, asked_ms, now_ms()))),
        429 => Ok(Err(GaveUp::TooMany)),
        504 => Ok(Err(GaveUp::TooLong)),
        _ => Err(unexpected(&response)),
    }
}

/// The lease that comes with a release. Counted from when the lane answered by its own clock, but never from before the
/// question nor from after the answer: a long poll's answer is as fresh as its end, not its beginning.
fn lease(snapshot: Snapshot, asked_ms: u64, answered_ms: u64) -> LeasedLane {
    LeasedLane::new(
        snapshot.record,
        snapshot.at.clamp(asked_ms, answered_ms.max(asked_ms)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossover_routing::LaneRecord;

    #[test]
    fn a_release_is_leased_from_the_lanes_answer_within_the_isolates_own_clock() {
        let from = |at| {
            lease(
                Snapshot {
                    record: LaneRecord::new("main"),
                    at,
                },
                1_000,
                9_000,
            )
            .leased_from_ms()
        };
        assert_eq!(from(8_990), 8_990);
        assert_eq!(
            from(50_000),
            9_000,
            "a lane whose clock is ahead must not block_range the lease"
        );
        assert_eq!(from(10), 1_000);
    }
}
