//! Slow writes that are under way when a hold begins: what a drain does about them decides whether clients see
//! an error.

use std::pin::pin;

use crossover_clock::SystemClock;
use crossover_core::{Millis, UnixMillis, polling::Polling, ports::Clock as _, routing::Phase};
use crossover_edge_admin::EdgeAdmin;

use crate::{environment::Environment, load::Load, options::Burst};

/// Interval between two looks at the lane.
const LOOK_EVERY: Millis = Millis(100);
/// The time before the hold at which slow writes are sent, at most.
const LONGEST_LEAD: Millis = Millis(1_000);

/// Does `run`, and sends the burst shortly before its hold begins. A run that never arms the lane gets none.
pub async fn beside<T>(
    burst: Option<Burst>,
    environment: &Environment,
    load: &Load,
    run: impl Future<Output = T>,
) -> T {
    let (Some(burst), Ok(lane)) = (burst, environment.edge.admin()) else {
        return run.await;
    };
    let sending = async {
        let hold_at = next_hold(&lane).await;
        let lead = Millis(burst.delay.0 / 2).min(LONGEST_LEAD);
        SystemClock.sleep(hold_at.since(SystemClock.now() + lead)).await;
        load.send_burst(burst.writes, burst.delay);
    };
    let mut run = pin!(run);
    tokio::select! {
        result = &mut run => return result,
        () = sending => {}
    }
    run.await
}

/// When the next hold begins, as soon as the lane is armed.
async fn next_hold(lane: &EdgeAdmin) -> UnixMillis {
    let mut polling = Polling::new(&SystemClock, LOOK_EVERY, Millis(u64::MAX));
    loop {
        // An edge that does not answer ends the run, which ends this wait.
        if let Ok(record) = lane.read().await
            && record.phase == Phase::Armed
            && let Some(hold_at) = record.hold_at_ms
        {
            return hold_at;
        }
        let _ = polling.pause().await;
    }
}
