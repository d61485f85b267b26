//! An execution of a state machine, followed to its end.

use crossover_aws::JournalLine;
use crossover_clock::SystemClock;
use crossover_core::{Millis, polling::Polling};
use serde_json::Value;

use crate::{
    clients::Runs,
    error::{OperateError, Result},
    history::{StageRun, last_document, stages},
    machines::Execution,
    run::{RunExecution, RunRecord, output_figure, record},
    states::WAITING,
};

/// Receives what happens in an execution, as it happens.
pub trait Watcher: Send + Sync {
    fn entered(&self, state: &str);
    /// What the running state waits for.
    fn waits(&self, state: &str, reason: &str);
    fn left(&self, stage: &StageRun);
    /// How long writes will be held, as far as the load tells.
    fn predicts(&self, _pause: Millis) {}
}

/// How an execution is followed.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Interval between two reads.
    pub read_every: Millis,
    /// An execution that takes longer is considered stuck.
    pub limit: Millis,
}

/// Follows an execution to its end.
pub async fn follow(runs: &Runs, run: &RunExecution, pace: Pace, watcher: &dyn Watcher) -> Result<RunRecord> {
    let mut polling = Polling::new(&SystemClock, pace.read_every, pace.limit);
    let mut shown = Shown::default();
    loop {
        let seen = described(runs, run).await?;
        let history = runs.machines.history(&run.arn).await?;
        shown.stages(&stages(&history), watcher);
        shown.prediction(last_document(&history), watcher);
        if !seen.running {
            let journal = runs.journal.lines(&run.run_id).await?;
            return Ok(record(run, &seen, &history, &journal));
        }
        // The journal is read only where nothing is held: a read in the pause would disturb what is measured.
        if shown.waiting().is_some() {
            shown.waits(&runs.journal.lines(&run.run_id).await?, watcher);
        }
        polling.pause().await.map_err(|late| OperateError::Late {
            what: format!("execution {}", run.arn),
            seconds: late.waited.whole_seconds(),
            hint: "the state that is shown last hangs; see the log of its function",
        })?;
    }
}

async fn described(runs: &Runs, run: &RunExecution) -> Result<Execution> {
    let found = runs.machines.describe(&run.arn).await?;
    found.ok_or_else(|| OperateError::UnknownRun(run.run_id.clone()))
}

/// What the watcher has been told.
#[derive(Default)]
struct Shown {
    entered: usize,
    left: usize,
    waits: usize,
    running: Option<String>,
    predicted: bool,
}

impl Shown {
    fn stages(&mut self, stages: &[StageRun], watcher: &dyn Watcher) {
        for (index, stage) in stages.iter().enumerate() {
            if index >= self.entered {
                watcher.entered(&stage.name);
                self.entered = index + 1;
            }
            if index >= self.left && !stage.running {
                watcher.left(stage);
                self.left = index + 1;
            }
        }
        self.running = stages
            .last()
            .filter(|stage| stage.running)
            .map(|stage| stage.name.clone());
    }

    fn prediction(&mut self, document: Option<&Value>, watcher: &dyn Watcher) {
        let figure = document.and_then(|results| output_figure(results, "lag_wait", "predicted_pause_ms"));
        if let Some(pause) = figure.filter(|_| !self.predicted) {
            self.predicted = true;
            watcher.predicts(pause);
        }
    }

    /// The running state, if it may wait for long.
    fn waiting(&self) -> Option<&str> {
        self.running.as_deref().filter(|state| WAITING.contains(state))
    }

    /// The journal's lines about waiting that are new.
    fn waits(&mut self, journal: &[JournalLine], watcher: &dyn Watcher) {
        let state = self.waiting().unwrap_or_default();
        let waits: Vec<&JournalLine> = journal.iter().filter(|line| line.event == "waiting").collect();
        for line in waits.iter().skip(self.waits) {
            watcher.waits(state, line.detail["reason"].as_str().unwrap_or_default());
        }
        self.waits = waits.len();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use crossover_core::UnixMillis;
    use serde_json::json;

    use super::*;
    use crate::states::LAG_WAIT;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Lines {
        fn add(&self, line: String) {
            self.0.lock().unwrap().push(line);
        }
    }

    impl Watcher for Lines {
        fn entered(&self, state: &str) {
            self.add(format!("> {state}"));
        }
        fn waits(&self, state: &str, reason: &str) {
            self.add(format!("~ {state} {reason}"));
        }
        fn left(&self, stage: &StageRun) {
            self.add(format!("< {}", stage.name));
        }
        fn predicts(&self, pause: Millis) {
            self.add(format!("{pause} ms"));
        }
    }

    fn stage(name: &str, running: bool) -> StageRun {
        StageRun {
            name: name.to_owned(),
            duration: Millis(1),
            outcome: "done",
            entered_at: UnixMillis(0),
            running,
        }
    }

    #[test]
    fn each_stage_and_each_wait_is_told_once() {
        let (mut shown, lines) = (Shown::default(), Lines::default());
        let wait = |reason: &str| JournalLine {
            stage: "lag-wait".to_owned(),
            event: "waiting".to_owned(),
            at_ms: UnixMillis(0),
            detail: json!({ "reason": reason }),
        };
        shown.stages(&[stage("PreCheck", true)], &lines);
        shown.stages(&[stage("PreCheck", false), stage(LAG_WAIT, true)], &lines);
        shown.waits(&[wait("a")], &lines);
        shown.waits(&[wait("a"), wait("b")], &lines);
        shown.stages(&[stage("PreCheck", false), stage(LAG_WAIT, false)], &lines);
        let document = json!({ "lag_wait": { "result": { "output": { "predicted_pause_ms": 120 } } } });
        for document in [None, Some(&document), Some(&document)] {
            shown.prediction(document, &lines);
        }
        let told = lines.0.lock().unwrap().join(", ");
        assert_eq!(
            told,
            "> PreCheck, < PreCheck, > LagWait, ~ LagWait a, ~ LagWait b, < LagWait, 120 ms"
        );
        assert_eq!(shown.running, None);
    }
}
