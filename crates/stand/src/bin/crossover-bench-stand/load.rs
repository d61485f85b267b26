//! Writes that run in the background, beside the requests.

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle, time::MissedTickBehavior};
use tokio_postgres::Client;

use crate::Result;

/// All running loads.
#[derive(Default)]
pub struct Loads(Vec<Running>);

struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<std::result::Result<u64, tokio_postgres::Error>>,
}

impl Loads {
    /// Begins another load. Runs that a slow server misses are skipped, not repeated later.
    pub fn begin(&mut self, session: Client, sql: String, per_s: u32) {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_s.max(1));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut count = 0;
            while !*stopped.borrow() {
                ticks.tick().await;
                session.batch_execute(&sql).await?;
                count += 1;
            }
            Ok(count)
        });
        self.0.push(Running { stop, task });
    }

    /// Ends all loads; returns how often each ran, in the order of their start.
    pub async fn end(&mut self) -> Result<Vec<u64>> {
        let mut counts = Vec::new();
        for running in self.0.drain(..) {
            // If the receiver is gone, the task has ended with an error, which the next line returns.
            let _ = running.stop.send(true);
            counts.push(running.task.await??);
        }
        Ok(counts)
    }
}
