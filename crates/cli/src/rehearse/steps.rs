//! The steps of a rehearsal while they run.

use std::time::Duration;

use crate::steps::Steps;

impl crossover_stand::Progress for Steps {
    fn started(&self, step: &str) {
        self.begin(step);
    }

    fn waits(&self, step: &str, reason: &str) {
        self.note(&format!("    {step} waits: {reason}"));
    }

    fn done(&self, step: &str, elapsed: Duration) {
        self.end('✓', step, elapsed);
    }

    fn failed(&self, step: &str, elapsed: Duration) {
        self.end('✗', step, elapsed);
    }
}
