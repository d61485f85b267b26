//! How much of the servers a comparison may take.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crossover_core::{
    ports::{Clock, PortResult, Rows},
    routing::Side,
};

use crate::watch::{Event, Watch};

/// How often the load is looked at, and how long to wait when it is too high. Milliseconds.
const LOOK_EVERY_MS: u64 = 500;
/// Chunks whose speed is remembered.
const REMEMBERED: usize = 32;
/// A chunk that takes this many times as long per row as half of the remembered ones says that the server has become busy.
const SLOW: f64 = 3.0;
/// Chunks with fewer rows, or done sooner, say nothing about speed.
const TELLING_ROWS: u64 = 1_000;
const TELLING_MS: u64 = 100;
/// The longest pause after one slow chunk.
const LONGEST_PAUSE_MS: u64 = 10_000;

/// Stands back when a server has other things to do.
#[derive(Debug, Default)]
pub struct Governor {
    /// Other sessions at work above which nothing new is begun; none: not looked at.
    max_load: Option<u32>,
    sides: Mutex<[Pace; 2]>,
}

#[derive(Debug, Default)]
struct Pace {
    /// Milliseconds per row of the last chunks.
    recent: VecDeque<f64>,
    /// When a look last found room.
    room_at: Option<u64>,
}

impl Pace {
    /// How long to stand back after a chunk: as long as it took too long.
    fn after(&mut self, rows: u64, ms: u64) -> u64 {
        if rows < TELLING_ROWS {
            return 0;
        }
        let per_row = ms as f64 / rows as f64;
        let usual = self.median();
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(per_row.max(f64::MIN_POSITIVE));
        match usual {
            Some(usual) if ms >= TELLING_MS && per_row > SLOW * usual => {
                let fair = usual * rows as f64;
                ((ms as f64 - fair) as u64).min(LONGEST_PAUSE_MS)
            }
            _ => 0,
        }
    }

    /// Takes note of a look. One that found no room says nothing about the next moment: everybody looks again.
    const fn looked(&mut self, now: u64, room: bool) {
        self.room_at = if room { Some(now) } else { None };
    }

    fn has_room(&self, now: u64) -> bool {
        self.room_at.is_some_and(|at| now < at + LOOK_EVERY_MS)
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
    /// Above `max_load` other sessions at work on a server, no new chunk is begun there.
    pub fn new(max_load: Option<u32>) -> Self {
        Self {
            max_load,
            sides: Mutex::default(),
        }
    }

    /// Waits until the server has room.
    pub async fn before(
        &self,
        side: Side,
        database: &dyn Rows,
        clock: &dyn Clock,
        watch: &dyn Watch,
    ) -> PortResult<()> {
        while let Some(active) = self.too_many(side, database, clock).await? {
            let limit = self.max_load.unwrap_or_default();
            let reason = format!("{active} sessions are at work on the {side}, more than {limit}");
            watch.event(&Event::Waiting { reason: &reason });
            clock.sleep_ms(LOOK_EVERY_MS).await;
        }
        Ok(())
    }

    /// The other sessions at work where they are too many for something new; none: there is room.
    pub async fn too_many(
        &self,
        side: Side,
        database: &dyn Rows,
        clock: &dyn Clock,
    ) -> PortResult<Option<u32>> {
        let Some(limit) = self.max_load else {
            return Ok(None);
        };
        let now = clock.now_ms();
        if self.sides.lock().unwrap_or_else(PoisonError::into_inner)[place(side)].has_room(now) {
            return Ok(None);
        }
        let active = database.active_sessions().await?;
        let room = active <= limit;
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)[place(side)].looked(now, room);
        Ok((!room).then_some(active))
    }

    /// Learns how a chunk went, and stands back if it went slowly.
    pub async fn after(&self, side: Side, rows: u64, ms: u64, clock: &dyn Clock, watch: &dyn Watch) {
        let pause = {
            let mut sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
            sides[place(side)].after(rows, ms)
        };
        if pause > 0 {
            let reason = format!("the {side} has become slow, standing back for {pause} ms");
            watch.event(&Event::Waiting { reason: &reason });
            clock.sleep_ms(pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_becomes_slow_is_left_alone_for_as_long_as_it_took_too_long() {
        let mut pace = Pace::default();
        assert_eq!(pace.after(10_000, 50), 0);
        assert_eq!(pace.after(10_000, 50), 0);
        assert_eq!(pace.after(10_000, 250), 200);
        assert_eq!(pace.after(10_000, 60_000), LONGEST_PAUSE_MS);
        assert_eq!(pace.after(10_000, 60), 0);
    }

    #[test]
    fn only_a_look_that_found_room_lets_others_in() {
        let mut pace = Pace::default();
        assert!(!pace.has_room(1_000));
        pace.looked(1_000, false);
        assert!(!pace.has_room(1_001), "another chunk slipped in while one waits");
        pace.looked(1_500, true);
        assert!(pace.has_room(1_500 + LOOK_EVERY_MS - 1) && !pace.has_room(1_500 + LOOK_EVERY_MS));
        pace.looked(2_000, false);
        assert!(!pace.has_room(2_001));
    }

    #[test]
    fn a_small_chunk_tells_nothing() {
        let mut pace = Pace::default();
        assert_eq!(pace.after(10_000, 1), 0);
        assert_eq!(pace.after(10, 500), 0);
        assert_eq!(pace.after(10_000, 99), 0);
    }

    #[test]
    fn what_was_quick_long_ago_is_forgotten() {
        let mut pace = Pace::default();
        for _ in 0..REMEMBERED {
            pace.after(10_000, 20);
        }
        let pauses: Vec<u64> = (0..REMEMBERED).map(|_| pace.after(10_000, 200)).collect();
        assert!(pauses[0] > 0, "{pauses:?}");
        assert_eq!(pauses[REMEMBERED - 1], 0, "{pauses:?}");
    }
}
