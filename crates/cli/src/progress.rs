//! Progress on a terminal: a spinner for what runs, a line for what is done. Elsewhere: lines only.

use std::{
    collections::BTreeMap,
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crossover_stand::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Shows steps on standard error.
pub struct Terminal {
    bars: MultiProgress,
    running: Mutex<BTreeMap<String, ProgressBar>>,
    spin: bool,
}

impl Terminal {
    pub fn new() -> Self {
        Self {
            bars: MultiProgress::new(),
            running: Mutex::default(),
            spin: std::io::stderr().is_terminal(),
        }
    }

    fn end(&self, step: &str, line: &str) {
        let bar = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(step);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        if self.spin {
            // A line that cannot be shown is no reason to stop.
            let _ = self.bars.println(line);
        } else {
            eprintln!("{line}");
        }
    }
}

impl Progress for Terminal {
    fn started(&self, step: &str) {
        if !self.spin {
            eprintln!("  … {step}");
            return;
        }
        let style = ProgressStyle::with_template("  {spinner:.cyan} {msg} {elapsed:.dim}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.bars.add(
            ProgressBar::new_spinner()
                .with_style(style)
                .with_message(step.to_owned()),
        );
        bar.enable_steady_tick(Duration::from_millis(100));
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(step.to_owned(), bar);
    }

    fn done(&self, step: &str, elapsed: Duration) {
        self.end(step, &format!("  ✓ {step} ({})", human(elapsed)));
    }

    fn failed(&self, step: &str, elapsed: Duration) {
        self.end(step, &format!("  ✗ {step} ({})", human(elapsed)));
    }
}

fn human(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0 => format!("{} ms", elapsed.as_millis()),
        1..=59 => format!("{:.1} s", elapsed.as_secs_f64()),
        more => format!("{} min {} s", more / 60, more % 60),
    }
}
