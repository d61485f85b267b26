//! The stages of a run while it is followed.

use crossover_core::Millis;
use crossover_operate::{follow::Watcher, run::StageRun, states};
use tokio::sync::Notify;

use crate::steps::Steps;

/// One line for each stage, with its time; lines for what a stage waits for.
pub struct Lines {
    what: &'static str,
    steps: Steps,
    asked: Notify,
}

impl Lines {
    pub fn new(what: &'static str) -> Self {
        Self {
            what,
            steps: Steps::new(),
            asked: Notify::new(),
        }
    }

    /// Returns each time the run asks for its approval.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }

    fn label(&self, state: &str) -> String {
        format!("{}: {state}", self.what)
    }
}

impl Watcher for Lines {
    fn entered(&self, state: &str) {
        self.steps.begin(&self.label(state));
    }

    fn waits(&self, state: &str, reason: &str) {
        self.steps.note(&format!("    {state} waits: {reason}"));
        if states::asks(state) {
            self.asked.notify_one();
        }
    }

    fn left(&self, stage: &StageRun) {
        let sign = if stage.outcome == "done" { '✓' } else { '✗' };
        self.steps
            .end(sign, &self.label(&stage.name), stage.duration.into());
    }

    fn predicts(&self, pause: Millis) {
        self.steps
            .note(&format!("    writes will be held for about {pause} ms"));
    }
}
