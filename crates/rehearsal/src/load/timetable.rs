//! A fixed timetable: operation `n` is due at `start + n / rate`, whatever the result of earlier operations.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};

/// When operation `number` is due, counted from the start.
pub(super) fn due_after(number: u64, per_s: u32) -> Duration {
    let per_s = u64::from(per_s);
    Duration::from_secs(number / per_s) + Duration::from_nanos((number % per_s) * 1_000_000_000 / per_s)
}

/// Starts operations one after the other until `stopped`; each one holds a permit of `in_flight` until it
/// ends.
pub(super) async fn keep<F>(
    start: Instant,
    per_s: u32,
    in_flight: Arc<Semaphore>,
    mut stopped: watch::Receiver<bool>,
    operation: impl Fn(u64, Instant) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    for number in 0.. {
        let due = start + due_after(number, per_s);
        let permit = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return,
            permit = async {
                sleep_until(due).await;
                Arc::clone(&in_flight).acquire_owned().await
            } => permit,
        };
        let Ok(permit) = permit else { return };
        let running = operation(number, due);
        tokio::spawn(async move {
            running.await;
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn operations_are_spread_evenly_and_without_drift() {
        assert_eq!(due_after(0, 300), Duration::ZERO);
        assert_eq!(due_after(1, 300), Duration::from_nanos(3_333_333));
        assert_eq!(due_after(300 * 3_600, 300), Duration::from_hours(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_operation_delays_no_other_and_a_late_one_keeps_its_due_time() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = watch::channel(false);
        let start = Instant::now();
        let in_flight = Arc::new(Semaphore::new(2));
        let log = Arc::clone(&seen);
        let keeping = tokio::spawn(keep(start, 10, in_flight, stopped, move |number, due| {
            log.lock()
                .unwrap()
                .push((number, due - start, Instant::now() - start));
            async move {
                // Operation 0 never ends in time; operation 1 blocks the second permit for a while.
                let pause = if number == 0 {
                    3_600_000
                } else if number == 1 {
                    450
                } else {
                    1
                };
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }));
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.send(true).unwrap();
        keeping.await.unwrap();
        let seen = seen.lock().unwrap();
        let (number, due, started) = seen[2];
        assert_eq!(
            (number, due),
            (2, Duration::from_millis(200)),
            "its latency counts from the timetable"
        );
        assert!(
            started >= Duration::from_millis(550),
            "no permit was free before: {started:?}"
        );
        assert!(seen.len() >= 9, "the timetable catches up: {seen:?}");
    }
}
