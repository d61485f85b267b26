//! Runs processes on one thread, in an order decided by a seed. When all of them wait, time jumps to the next
//! timer.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::state::Shared;

/// A pseudo-random generator, so that a failing order can be repeated from the printed seed.
pub struct Schedule(u64);

impl Schedule {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `choices` (splitmix64).
    pub fn pick(&mut self, choices: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % choices.max(1) as u64) as usize
    }
}

/// A process that has not ended.
pub type Process<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Several processes over one shared system.
pub struct Processes<'a, T> {
    ctx: Shared,
    running: Vec<Option<Process<'a, T>>>,
    ended: Vec<Option<T>>,
}

impl<'a, T> Processes<'a, T> {
    pub fn new(ctx: &Shared) -> Self {
        Self {
            ctx: ctx.clone(),
            running: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Adds a process, which starts with the next [`Processes::run_until_done`].
    #[must_use]
    pub fn with(mut self, process: impl Future<Output = T> + Send + 'a) -> Self {
        self.running.push(Some(Box::pin(process)));
        self.ended.push(None);
        self
    }

    /// Runs until every process has ended or is frozen.
    pub fn run_until_done(&mut self, schedule: &mut Schedule) {
        let mut awake: Vec<usize> = self.open();
        let mut rounds = 0_u64;
        loop {
            if self.open().is_empty() {
                return;
            }
            rounds += 1;
            assert!(
                rounds < 5_000_000,
                "the processes do not end; the last calls were {:?}",
                self.last_calls()
            );
            if awake.is_empty() {
                let next = self.ctx.lock().timers.values().min().copied();
                let Some(next) = next else {
                    assert!(
                        !self.ctx.lock().frozen.is_empty(),
                        "processes wait and no timer is set"
                    );
                    return;
                };
                self.ctx.lock().advance(next);
                awake = self.open();
            }
            let chosen = awake.remove(schedule.pick(awake.len()));
            if self.poll(chosen) {
                awake.push(chosen);
            }
        }
    }

    /// The result of each process, in the order they were added; `None` for a frozen process.
    pub fn ended(self) -> Vec<Option<T>> {
        self.ended
    }

    fn open(&self) -> Vec<usize> {
        (0..self.running.len())
            .filter(|i| self.running[*i].is_some())
            .collect()
    }

    fn last_calls(&self) -> Vec<String> {
        let points = self.ctx.points();
        points[points.len().saturating_sub(8)..].to_vec()
    }

    /// Polls one process and returns whether the process can be polled again without waiting for a timer.
    fn poll(&mut self, index: usize) -> bool {
        let Some(process) = &mut self.running[index] else {
            return false;
        };
        let before = self.ctx.lock().yields;
        match process.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => {
                self.ended[index] = Some(value);
                self.running[index] = None;
                false
            }
            Poll::Pending => self.ctx.lock().yields > before,
        }
    }
}

/// Runs one process until it ends and returns its result.
pub fn block_on<T>(ctx: &Shared, process: impl Future<Output = T> + Send) -> T {
    let mut processes = Processes::new(ctx).with(process);
    processes.run_until_done(&mut Schedule::new(0));
    processes
        .ended()
        .remove(0)
        .expect("a process that is not frozen ends")
}

/// A timer of the virtual clock.
struct Timer {
    ctx: Shared,
    id: u64,
    until: u64,
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.ctx.lock().now >= self.until {
            Poll::Ready(())
        } else {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.ctx.lock().timers.remove(&self.id);
    }
}

/// Waits until the virtual clock shows `until` (Unix milliseconds).
pub async fn sleep_until(ctx: Shared, until: u64) {
    let id = {
        let mut state = ctx.lock();
        let id = state.id();
        state.timers.insert(id, until);
        id
    };
    Timer { ctx, id, until }.await;
}

/// The process was killed during a port call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Died;

/// Runs a process until it ends or is killed. A killed process is a dropped future.
///
/// # Errors
/// [`Died`] when a fault killed process `id`.
pub async fn run_until_killed<T>(
    ctx: Shared,
    id: u64,
    process: impl Future<Output = T> + Send,
) -> Result<T, Died> {
    let mut process: Option<Process<'_, T>> = Some(Box::pin(process));
    std::future::poll_fn(move |context| {
        let Some(running) = &mut process else {
            return Poll::Ready(Err(Died));
        };
        match running.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending if ctx.lock().dead.contains(&id) => {
                process = None;
                Poll::Ready(Err(Died))
            }
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
