//! Runs processes on one thread, in an order a seed decides. When all of them wait, time jumps to the next timer.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::state::Shared;

/// A small generator, so that a failing order can be run again from its printed seed.
pub struct Schedule(u64);

impl Schedule {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides` (splitmix64).
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }
}

/// A process that may still be running.
pub type Process<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Several processes in one system.
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

    /// Adds a process; it starts with the next [`Processes::drive`].
    #[must_use]
    pub fn with(mut self, process: impl Future<Output = T> + Send + 'a) -> Self {
        self.running.push(Some(Box::pin(process)));
        self.ended.push(None);
        self
    }

    /// Runs until every process has ended or is frozen.
    pub fn drive(&mut self, schedule: &mut Schedule) {
        let mut awake: Vec<usize> = self.open();
        let mut rounds = 0_u64;
        loop {
            if self.open().is_empty() {
                return;
            }
            rounds += 1;
            assert!(
                rounds < 5_000_000,
                "the processes never end; the last calls were {:?}",
                self.last_calls()
            );
            if awake.is_empty() {
                let next = self.ctx.lock().timers.values().min().copied();
                let Some(next) = next else {
                    assert!(!self.ctx.lock().frozen.is_empty(), "processes wait for nothing");
                    return;
                };
                self.ctx.lock().advance(next);
                awake = self.open();
            }
            let chosen = awake.remove(schedule.roll(awake.len()));
            if self.poll(chosen) {
                awake.push(chosen);
            }
        }
    }

    /// What each process ended with; none for those that are frozen.
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

    /// Polls one process; whether it wants to go on at once.
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

/// Runs one process to its end.
pub fn block_on<T>(ctx: &Shared, process: impl Future<Output = T> + Send) -> T {
    let mut processes = Processes::new(ctx).with(process);
    processes.drive(&mut Schedule::new(0));
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

/// Waits until the virtual clock shows `until`.
pub async fn sleep_until(ctx: Shared, until: u64) {
    let id = {
        let mut state = ctx.lock();
        let id = state.id();
        state.timers.insert(id, until);
        id
    };
    Timer { ctx, id, until }.await;
}

/// The process ended in the middle of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Died;

/// A process that can die: its future is dropped at the call that kills it.
pub async fn mortal<T>(ctx: Shared, id: u64, process: impl Future<Output = T> + Send) -> Result<T, Died> {
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
