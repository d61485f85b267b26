//! The isolate's own count of a lane's writes that were forwarded and are not answered yet.
//!
//! Costs a request no message and no memory: a slot of a table that is reused.

use crossover_routing::{BuildId, Epoch, IsolateId, Millis, Report, UnixMillis, WriteTimes};
use slab::Slab;
use wasm_bindgen::JsValue;
use worker::js_sys;

/// Write times are kept for this long, and for this long again.
const WINDOW: Millis = Millis(15_000);

/// All writes of an isolate to one lane.
#[derive(Default)]
pub struct Writes {
    sent_at: Slab<UnixMillis>,
    /// Write times of the current window and of the one before.
    recent: [WriteTimes; 2],
    /// How long the window before was.
    before: Millis,
    window_began: UnixMillis,
    /// Number of the newest report.
    reported: u64,
    /// Grows whenever a write is answered.
    answered: u64,
}

impl Writes {
    /// Counts a write from now on; the key ends it.
    pub fn begin(&mut self, now: UnixMillis) -> usize {
        self.sent_at.insert(now)
    }

    /// The write is answered, or given up. How long that took.
    pub fn end(&mut self, key: usize, now: UnixMillis) -> Millis {
        let Some(sent_at) = self.sent_at.try_remove(key) else {
            return Millis(0);
        };
        let took = now.since(sent_at);
        self.answered += 1;
        self.roll(now);
        self.recent[0].add_one(took);
        took
    }

    /// Whether a write is in flight.
    pub fn any(&self) -> bool {
        !self.sent_at.is_empty()
    }

    /// How many writes were answered so far: to see whether a report is still true.
    pub const fn answered(&self) -> u64 {
        self.answered
    }

    fn roll(&mut self, now: UnixMillis) {
        let age = now.since(self.window_began);
        if age >= WINDOW {
            let (before, length) = if age < WINDOW * 2 {
                (self.recent[0], age)
            } else {
                (WriteTimes::default(), Millis(0))
            };
            self.recent = [WriteTimes::default(), before];
            self.before = length;
            self.window_began = now;
        }
    }

    /// How many writes of the last 30 s were under way at once.
    pub fn usual(&mut self, now: UnixMillis) -> usize {
        self.roll(now);
        let (recent, over) = self.recent(now);
        usize::try_from(recent.at_once(over)).unwrap_or(usize::MAX)
    }

    fn recent(&self, now: UnixMillis) -> (WriteTimes, Millis) {
        let over = now.since(self.window_began) + self.before;
        (self.recent[0] + self.recent[1], over)
    }

    /// The next report. `holds`: the epoch of the record under which the isolate holds writes.
    pub fn report(&mut self, by: Reporter, holds: Option<Epoch>, now: UnixMillis) -> Report {
        self.roll(now);
        self.reported += 1;
        let oldest = self.sent_at.iter().map(|(_, sent_at)| *sent_at).min();
        let (recent, recent_over) = self.recent(now);
        Report {
            isolate: by.isolate,
            number: self.reported,
            in_flight: u32::try_from(self.sent_at.len()).unwrap_or(u32::MAX),
            oldest_ms: oldest.map(|at| now.since(at)).unwrap_or_default(),
            holds,
            recent,
            recent_over,
            build: by.build,
        }
    }
}

/// Who reports.
#[derive(Debug, Clone, Copy)]
pub struct Reporter {
    /// The isolate's name in its reports.
    pub isolate: IsolateId,
    /// What it runs: the name that the bundle gives itself.
    pub build: Option<BuildId>,
}

/// The property of the global object with the bundle's name; set by `shim.js`.
const BUILD: &str = "crossoverBuild";

thread_local! {
    /// Random numbers are not available before the first request.
    static REPORTER: Reporter = Reporter {
        isolate: IsolateId(random()),
        build: js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str(BUILD))
            .ok()
            .and_then(|build| build.as_string()?.parse().ok()),
    };
}

/// This isolate.
pub fn reporter() -> Reporter {
    REPORTER.with(|reporter| *reporter)
}

/// 64 random bits; a random number of JavaScript has 52.
fn random() -> u64 {
    let half = || (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
    (half() << 32) | half()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISOLATE: Reporter = Reporter {
        isolate: IsolateId(1),
        build: Some(BuildId(7)),
    };

    #[test]
    fn a_report_holds_every_write_that_is_not_answered_and_the_age_of_the_oldest() {
        let mut writes = Writes::default();
        let first = writes.begin(UnixMillis(1_000));
        let second = writes.begin(UnixMillis(1_200));
        let report = writes.report(ISOLATE, None, UnixMillis(1_500));
        assert_eq!(
            (report.number, report.in_flight, report.oldest_ms),
            (1, 2, Millis(500))
        );
        writes.end(first, UnixMillis(1_600));
        let report = writes.report(ISOLATE, Some(Epoch(4)), UnixMillis(1_600));
        assert_eq!(
            (report.number, report.in_flight, report.oldest_ms),
            (2, 1, Millis(400))
        );
        assert_eq!(report.holds, Some(Epoch(4)));
        writes.end(second, UnixMillis(1_601));
        // A slot is freed once only.
        writes.end(second, UnixMillis(1_601));
        assert_eq!(writes.report(ISOLATE, None, UnixMillis(1_601)).in_flight, 0);
        assert_eq!(writes.answered(), 2);
    }

    #[test]
    fn write_times_of_the_last_half_minute_are_reported() {
        let mut writes = Writes::default();
        let at = |writes: &mut Writes, now: u64| {
            let write = writes.begin(UnixMillis(now));
            writes.end(write, UnixMillis(now + 30));
            let report = writes.report(ISOLATE, None, UnixMillis(now + 30));
            (report.recent.count(), report.recent_over.0)
        };
        assert_eq!(at(&mut writes, 100_000), (1, 0));
        assert_eq!(at(&mut writes, 110_000), (2, 10_000));
        assert_eq!(
            at(&mut writes, 116_000),
            (3, 16_000),
            "the window before still counts"
        );
        assert_eq!(at(&mut writes, 132_000), (2, 16_000), "the first two are too old");
        assert_eq!(at(&mut writes, 200_000), (1, 0));
    }
}
