//! Progress of a comparison: rows, rows per second, time left.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crossover_core::routing::Side;
use crossover_report::number::duration;
use crossover_verify::{Event, Watch};
use indicatif::ProgressBar;

use crate::{progress::Progress, visible::visible};

/// Without a terminal one line at this interval is sufficient.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The rows of a comparison as they are hashed.
pub struct Rows {
    progress: Progress,
    bar: ProgressBar,
    lines: Mutex<Lines>,
}

struct Lines {
    began: Instant,
    last: Instant,
    rows: u64,
    planned: u64,
    table: String,
    snapshot: Option<Instant>,
}

/// Since when the comparison holds its present snapshot of the source.
fn snapshot_since(held: bool) -> Option<Instant> {
    held.then(Instant::now)
}

/// How long the snapshot of the source has been held, as a part of a line.
fn snapshot_age(since: Option<Instant>) -> String {
    since.map_or_else(String::new, |since| {
        let age = Duration::from_secs(since.elapsed().as_secs());
        format!(", snapshot of the source held for {}", duration(age))
    })
}

impl Rows {
    pub fn new() -> Self {
        let progress = Progress::new();
        let now = Instant::now();
        Self {
            bar: progress.rows(),
            progress,
            lines: Mutex::new(Lines {
                began: now,
                last: now,
                rows: 0,
                planned: 0,
                table: String::new(),
                snapshot: None,
            }),
        }
    }

    /// Prints a line in addition to the progress.
    pub fn line(&self, text: &str) {
        self.progress.line(text);
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Lines {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Planned { rows, .. } => self.planned = *rows,
            Event::Table { name } => self.table = visible(name),
            Event::Rows { count } => self.rows += count,
            Event::Waiting { reason } => eprintln!("  … {reason}"),
            Event::Snapshot {
                side: Side::Source,
                held,
            } => self.snapshot = snapshot_since(*held),
            Event::Snapshot { .. }
            | Event::NotCompared { .. }
            | Event::Done { .. }
            | Event::Away { .. }
            | Event::Answers { .. }
            | Event::GivenUp { .. } => return,
        }
        if self.last.elapsed() >= LINE_EVERY {
            self.last = Instant::now();
            let per_second = self.rows as f64 / self.began.elapsed().as_secs_f64();
            let left = self.planned.saturating_sub(self.rows) as f64 / per_second.max(1.0);
            eprintln!(
                "  … {}: {} of about {} rows, {per_second:.0} rows/s, about {} left{}",
                self.table,
                self.rows,
                self.planned,
                duration(Duration::from_secs_f64(left)),
                snapshot_age(self.snapshot)
            );
        }
    }
}

/// A server that goes, comes back, or stays away; empty for other events.
pub fn presence(event: &Event<'_>) -> String {
    let said = match event {
        Event::Away { reason, patience, .. } => format!(
            "  … {reason}; asking again for {} (--retry-timeout)",
            duration(*patience)
        ),
        Event::Answers { side } => format!("  … the {side} answers again"),
        Event::GivenUp { reason, .. } => format!("  ✗ {reason}: the tables that are left are not compared"),
        _ => String::new(),
    };
    visible(&said)
}

impl Watch for Rows {
    fn event(&self, event: &Event<'_>) {
        if let Event::NotCompared { name, reason, remedy } = event {
            self.line(&visible(&format!("  not compared: {name}: {reason}; {remedy}")));
            return;
        }
        if matches!(
            event,
            Event::Away { .. } | Event::Answers { .. } | Event::GivenUp { .. }
        ) {
            self.line(&presence(event));
            return;
        }
        if !self.progress.is_animated() {
            self.lines().take(event);
            return;
        }
        match event {
            Event::Planned { rows, .. } => self.bar.set_length(*rows),
            Event::Table { name } => self.bar.set_message(visible(name)),
            Event::Rows { count } => {
                self.bar.inc(*count);
                self.bar.set_prefix(snapshot_age(self.lines().snapshot));
            }
            Event::Snapshot {
                side: Side::Source,
                held,
            } => {
                let since = snapshot_since(*held);
                self.lines().snapshot = since;
                self.bar.set_prefix(snapshot_age(since));
            }
            Event::Waiting { reason } => self.line(&format!("  … {reason}")),
            Event::Snapshot { .. }
            | Event::NotCompared { .. }
            | Event::Away { .. }
            | Event::Answers { .. }
            | Event::GivenUp { .. } => {}
            Event::Done { name, equal } => {
                if !equal {
                    self.line(&visible(&format!("  ✗ {name} differs")));
                }
            }
        }
    }
}
