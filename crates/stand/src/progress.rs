//! Reports to the user which step is running.

use std::time::{Duration, Instant};

/// Receives the steps of every operation that can take over a second. Implemented by the command line.
pub trait Progress: Send + Sync {
    /// A step begins.
    fn started(&self, step: &str);
    /// What the running step waits for.
    fn waits(&self, _step: &str, _reason: &str) {}
    /// A step has succeeded after `elapsed`.
    fn done(&self, step: &str, elapsed: Duration);
    /// A step has failed after `elapsed`; the error itself is returned to the caller.
    fn failed(&self, step: &str, elapsed: Duration);
}

/// Shows no steps: for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn started(&self, _: &str) {}
    fn done(&self, _: &str, _: Duration) {}
    fn failed(&self, _: &str, _: Duration) {}
}

/// A line on standard error for every step: for checks, whose output is read in a log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lines;

impl Progress for Lines {
    fn started(&self, step: &str) {
        eprintln!("{step} ...");
    }

    fn done(&self, _: &str, _: Duration) {}

    fn failed(&self, step: &str, elapsed: Duration) {
        eprintln!("{step} failed after {:.1} s", elapsed.as_secs_f64());
    }
}

/// A step that is reported as failed unless [`Step::done`] is called, so that `?` needs no extra code.
#[must_use]
pub struct Step<'a> {
    progress: &'a dyn Progress,
    name: String,
    since: Instant,
    finished: bool,
}

/// Begins a step.
pub fn step(progress: &dyn Progress, name: impl Into<String>) -> Step<'_> {
    let name = name.into();
    progress.started(&name);
    Step {
        progress,
        name,
        since: Instant::now(),
        finished: false,
    }
}

impl Step<'_> {
    /// The step has succeeded.
    pub fn done(mut self) {
        self.finished = true;
        self.progress.done(&self.name, self.since.elapsed());
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.progress.failed(&self.name, self.since.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<String>>);

    impl Progress for Recorder {
        fn started(&self, step: &str) {
            self.0.lock().unwrap().push(format!("started {step}"));
        }
        fn done(&self, step: &str, _: Duration) {
            self.0.lock().unwrap().push(format!("done {step}"));
        }
        fn failed(&self, step: &str, _: Duration) {
            self.0.lock().unwrap().push(format!("failed {step}"));
        }
    }

    #[test]
    fn a_step_left_early_is_reported_as_failed() {
        let recorder = Recorder::default();
        step(&recorder, "a").done();
        drop(step(&recorder, "b"));
        assert_eq!(
            *recorder.0.lock().unwrap(),
            ["started a", "done a", "started b", "failed b"]
        );
    }
}
