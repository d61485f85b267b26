//! When the servers can be asked: limits the load on them, and knows whether they answer.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crossover_core::{
    Millis, UnixMillis,
    ports::{Clock, PortResult, Rows},
    routing::Side,
};

use super::presence::Presence;
use crate::watch::{Event, Watch};

/// Interval between two reads of the load, and the wait when the load is too high.
const READ_EVERY: Millis = Millis(500);
/// Number of chunks whose speed is remembered.
const REMEMBERED: usize = 32;
/// A chunk that takes this many times the median time per row of the remembered chunks shows that the server
/// has become busy.
const SLOW: f64 = 3.0;
/// Chunks with fewer rows, or with a shorter duration, are no measure of speed.
const TELLING_ROWS: u64 = 1_000;
const TELLING: Millis = Millis(100);
/// The longest pause after one slow chunk.
const LONGEST_PAUSE: Millis = Millis(10_000);

/// Pauses the comparison when a server is busy or away; shared by all tables of a run.
#[derive(Debug, Default)]
pub struct Governor {
    /// Maximum number of other active sessions for new work to begin; `None` if the load is not read.
    max_load: Option<u32>,
    sides: Mutex<[Pace; 2]>,
    presence: Presence,
    /// The longest time that a snapshot of each side was held.
    longest_snapshots: Mutex<[Millis; 2]>,
}

#[derive(Debug, Default)]
struct Pace {
    /// Milliseconds per row of the last chunks.
    recent: VecDeque<f64>,
    /// When the load was last read and found low enough.
    capacity_at: Option<UnixMillis>,
}

impl Pace {
    /// The pause after a chunk: the time by which the chunk was too slow.
    fn after(&mut self, rows: u64, elapsed: Millis) -> Millis {
        if rows < TELLING_ROWS {
            return Millis(0);
        }
        let per_row = elapsed.0 as f64 / rows as f64;
        let usual = self.median();
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(per_row.max(f64::MIN_POSITIVE));
        match usual {
            Some(usual) if elapsed >= TELLING && per_row > SLOW * usual => {
                let fair = usual * rows as f64;
                Millis((elapsed.0 as f64 - fair) as u64).min(LONGEST_PAUSE)
            }
            _ => Millis(0),
        }
    }

    /// Records a reading of the load. A reading above the limit is not remembered: every job reads the load
    /// again.
    const fn record(&mut self, now: UnixMillis, capacity: bool) {
        self.capacity_at = if capacity { Some(now) } else { None };
    }

    fn has_capacity(&self, now: UnixMillis) -> bool {
        self.capacity_at.is_some_and(|at| now < at + READ_EVERY)
    }

    fn median(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self.recent.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}

const fn place(side: Side) -> usize {
    match side {
        Side::Source => 0,
        Side::Target => 1,
    }
}

impl Governor {
    /// No new chunk begins on a server while more than `max_load` other sessions are active there.
    pub fn new(max_load: Option<u32>) -> Self {
        Self {
            max_load,
            sides: Mutex::default(),
            presence: Presence::default(),
            longest_snapshots: Mutex::default(),
        }
    }

    pub(super) fn snapshot_ended(&self, side: Side, age: Millis) {
        let mut longest = self
            .longest_snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        longest[place(side)] = longest[place(side)].max(age);
    }

    /// The longest time that a snapshot of a side was held so far; 0 if there was none.
    pub fn longest_snapshot(&self, side: Side) -> Millis {
        self.longest_snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)[place(side)]
    }

    pub(super) const fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Waits until the server has capacity.
    pub async fn before(
        &self,
        side: Side,
        database: &dyn Rows,
        clock: &dyn Clock,
        watch: &dyn Watch,
    ) -> PortResult<()> {
        while let Some(active) = self.too_many(side, database, clock).await? {
            let limit = self.max_load.unwrap_or_default();
            let reason = format!("{active} sessions are active on the {side}, more than {limit}");
            watch.event(&Event::Waiting { reason: &reason });
            clock.sleep(READ_EVERY).await;
        }
        Ok(())
    }

    /// The number of other active sessions if it exceeds the limit; `None` if the server has capacity.
    pub async fn too_many(
        &self,
        side: Side,
        database: &dyn Rows,
        clock: &dyn Clock,
    ) -> PortResult<Option<u32>> {
        let Some(limit) = self.max_load else {
            return Ok(None);
        };
        let now = clock.now();
        if self.sides.lock().unwrap_or_else(PoisonError::into_inner)[place(side)].has_capacity(now) {
            return Ok(None);
        }
        let active = database.active_sessions().await?;
        let capacity = active <= limit;
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)[place(side)].record(now, capacity);
        Ok((!capacity).then_some(active))
    }

    /// Records the duration of a chunk, and pauses if the chunk was slow.
    pub async fn after(&self, side: Side, rows: u64, elapsed: Millis, clock: &dyn Clock, watch: &dyn Watch) {
        let pause = {
            let mut sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
            sides[place(side)].after(rows, elapsed)
        };
        if pause > Millis(0) {
            let reason = format!("the {side} has become slow: pausing for {pause} ms");
            watch.event(&Event::Waiting { reason: &reason });
            clock.sleep(pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_a_slow_chunk_is_as_long_as_the_delay() {
        let mut pace = Pace::default();
        assert_eq!(pace.after(10_000, Millis(50)), Millis(0));
        assert_eq!(pace.after(10_000, Millis(50)), Millis(0));
        assert_eq!(pace.after(10_000, Millis(250)), Millis(200));
        assert_eq!(pace.after(10_000, Millis(60_000)), LONGEST_PAUSE);
        assert_eq!(pace.after(10_000, Millis(60)), Millis(0));
    }

    #[test]
    fn only_a_reading_below_the_limit_is_remembered() {
        let mut pace = Pace::default();
        assert!(!pace.has_capacity(UnixMillis(1_000)));
        pace.record(UnixMillis(1_000), false);
        assert!(
            !pace.has_capacity(UnixMillis(1_001)),
            "another chunk slipped in while one waits"
        );
        let read = UnixMillis(1_500);
        pace.record(read, true);
        assert!(pace.has_capacity(read + (READ_EVERY - Millis(1))) && !pace.has_capacity(read + READ_EVERY));
        pace.record(UnixMillis(2_000), false);
        assert!(!pace.has_capacity(UnixMillis(2_001)));
    }

    #[test]
    fn a_small_chunk_is_no_measure_of_speed() {
        let mut pace = Pace::default();
        assert_eq!(pace.after(10_000, Millis(1)), Millis(0));
        assert_eq!(pace.after(10, Millis(500)), Millis(0));
        assert_eq!(pace.after(10_000, Millis(99)), Millis(0));
    }

    #[test]
    fn old_speeds_are_forgotten() {
        let mut pace = Pace::default();
        for _ in 0..REMEMBERED {
            pace.after(10_000, Millis(20));
        }
        let pauses: Vec<Millis> = (0..REMEMBERED).map(|_| pace.after(10_000, Millis(200))).collect();
        assert!(pauses[0] > Millis(0), "{pauses:?}");
        assert_eq!(pauses[REMEMBERED - 1], Millis(0), "{pauses:?}");
    }
}
