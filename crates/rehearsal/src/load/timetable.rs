//! A fixed timetable: operation `n` is due at `start + n / rate`, whatever the result of earlier operations.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::in_flight::InFlight;

/// How long a request without an answer counts as in flight after its client has given up. The Worker notices
/// a client that has left only when the origin answers, and forwards a held write of such a client at the
/// release. This is longer than the longest hold (20 s) and the origin's answer after it (a session is given up
/// after 5 s).
const ABANDONED: Duration = Duration::from_secs(30);

/// What an operation left behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Left {
    #[default]
    Nothing,
    /// A request that the Worker still waits for.
    Request,
}

/// When operation `number` is due, counted from the start.
pub(super) fn due_after(number: u64, per_s: u32) -> Duration {
    let per_s = u64::from(per_s);
    Duration::from_secs(number / per_s) + Duration::from_nanos((number % per_s) * 1_000_000_000 / per_s)
}

/// Starts operations one after the other until `stopped`; each one keeps its place in `in_flight` until
/// nothing of it is left.
pub(super) async fn keep<F>(
    start: Instant,
    per_s: u32,
    in_flight: Arc<InFlight>,
    mut stopped: watch::Receiver<bool>,
    operation: impl Fn(u64, Instant) -> F,
) where
    F: Future<Output = Left> + Send + 'static,
{
    for number in 0.. {
        let due = start + due_after(number, per_s);
        let permit = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return,
            permit = async {
                sleep_until(due).await;
                in_flight.enter().await
            } => permit,
        };
        let Some(permit) = permit else { return };
        let running = operation(number, due);
        let mut stopped = stopped.clone();
        tokio::spawn(async move {
            if running.await == Left::Request {
                tokio::select! {
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                    () = sleep(ABANDONED) => {}
                }
            }
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
        let in_flight = Arc::new(InFlight::new(2));
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
                sleep(Duration::from_millis(pause)).await;
                Left::Nothing
            }
        }));
        sleep(Duration::from_secs(1)).await;
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
    #[tokio::test(start_paused = true)]
    async fn an_abandoned_request_counts_as_in_flight_until_the_worker_has_forgotten_it() {
        let (stop, stopped) = watch::channel(false);
        let in_flight = Arc::new(InFlight::new(1));
        let (sent, mut starts) = tokio::sync::mpsc::unbounded_channel();
        let start = Instant::now();
        let keeping = tokio::spawn(keep(
            start,
            1_000,
            Arc::clone(&in_flight),
            stopped,
            move |number, _| {
                let _ = sent.send((number, start.elapsed()));
                async { Left::Request }
            },
        ));
        assert_eq!(starts.recv().await, Some((0, Duration::ZERO)));
        let (number, began) = starts.recv().await.unwrap();
        assert!(number == 1 && began >= ABANDONED, "{number} {began:?}");
        // At the end of the load nobody waits for what the Worker still has.
        let asked = Instant::now();
        stop.send(true).unwrap();
        keeping.await.unwrap();
        in_flight.drained().await;
        assert!(asked.elapsed() < ABANDONED);
    }
}
