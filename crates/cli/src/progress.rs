//! Progress on a terminal: a bar or a spinner for work in progress, a line for finished work. Without a
//! terminal: lines only.

use std::{io::IsTerminal, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Progress on standard error.
pub struct Progress {
    bars: MultiProgress,
    animated: bool,
}

impl Progress {
    pub fn new() -> Self {
        Self {
            bars: MultiProgress::new(),
            animated: std::io::stderr().is_terminal(),
        }
    }

    /// Whether there is a terminal; without one the bars stay hidden, and lines have to report the progress.
    pub const fn is_animated(&self) -> bool {
        self.animated
    }

    /// Lines that are replaced as a whole.
    pub fn block(&self) -> ProgressBar {
        self.bar("{msg}", ProgressBar::new_spinner)
    }

    /// Work of unknown length.
    pub fn spinner(&self) -> ProgressBar {
        let bar = self.bar("  {spinner:.cyan} {msg} {elapsed:.dim}", ProgressBar::new_spinner);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// Progress in rows, out of a known total.
    pub fn rows(&self) -> ProgressBar {
        self.bar(
            "  {spinner:.cyan} {msg:30!} {bar:24} {human_pos}/{human_len} rows, {per_sec}, {eta} left{prefix}",
            || ProgressBar::new(0),
        )
    }

    fn bar(&self, template: &str, make: fn() -> ProgressBar) -> ProgressBar {
        if !self.animated {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bars.add(make().with_style(style))
    }

    /// Prints a line above the bars.
    pub fn line(&self, text: &str) {
        if self.animated {
            // A line that cannot be shown is not a reason to stop.
            let _ = self.bars.println(text);
        } else {
            eprintln!("{text}");
        }
    }
}
