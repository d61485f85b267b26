//! The wish to end a series after the run that is under way.

use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by the rehearsal and by whoever may want it to end.
#[derive(Debug, Default)]
pub struct EndAfterRun {
    runs_have_begun: AtomicBool,
    is_asked: AtomicBool,
}

impl EndAfterRun {
    /// Asks the series to end. `false` if that would have no effect: no run of a series is under way, so there
    /// is nothing to report yet.
    pub fn ask(&self) -> bool {
        self.is_asked.store(true, Ordering::Relaxed);
        self.runs_have_begun.load(Ordering::Relaxed)
    }

    pub(crate) fn runs_begin(&self) {
        self.runs_have_begun.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }
}
