//! The steps of long work while they run: one line for each, with a spinner on a terminal.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crossover_report::number::duration;
use indicatif::ProgressBar;

use crate::progress::Progress;

pub struct Steps {
    progress: Progress,
    running: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Steps {
    pub fn new() -> Self {
        Self {
            progress: Progress::new(),
            running: Mutex::default(),
        }
    }

    /// A line between the steps.
    pub fn note(&self, line: &str) {
        self.progress.line(line);
    }

    /// A step begins.
    pub fn begin(&self, step: &str) {
        if !self.progress.is_animated() {
            self.progress.line(&format!("  … {step}"));
        }
        let bar = self.progress.spinner();
        bar.set_message(step.to_owned());
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(step.to_owned(), bar);
    }

    /// A step has ended.
    pub fn end(&self, sign: char, step: &str, elapsed: Duration) {
        let bar = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(step);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let took = duration(elapsed);
        self.progress.line(&format!("  {sign} {step} ({took})"));
    }
}
