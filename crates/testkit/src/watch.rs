//! The invariants, checked after every port call and every advance of the clock.

use std::collections::BTreeMap;

use crossover_core::routing::{Epoch, LaneRecord, Phase, Side};

use crate::{database::Effect, state::State};

/// Violations so far, and the observations that later checks need.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    pub violations: Vec<String>,
    lane: Option<LaneRecord>,
    locked: BTreeMap<&'static str, bool>,
    /// Runs that committed, with the epoch at which the lane was armed.
    pub committed: Vec<(String, Epoch)>,
    /// Runs whose abort won, with the epoch at which the lane was armed.
    pub aborted: Vec<(String, Epoch)>,
    armed_at: Option<Epoch>,
}

impl Watch {
    /// Records a violation once.
    pub fn note(&mut self, violation: String) {
        if !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }
}

impl State {
    /// Checks all invariants; `after` names the last port call or event.
    pub fn check_invariants(&mut self, after: &str) {
        let before = self
            .watch
            .lane
            .replace(self.lane.clone())
            .unwrap_or_else(|| self.lane.clone());
        let mut violations = Vec::new();
        self.check_sides(&mut violations);
        self.check_lane(&before, &mut violations);
        self.check_locks(&mut violations);
        for violation in violations {
            self.watch.note(format!("{violation} (after {after})"));
        }
    }

    /// Applications can write on the writer's side only: both sides are never writable at the same time, and
    /// the target refuses writes before the commit.
    fn check_sides(&self, violations: &mut Vec<String>) {
        let idle = self.lane.writer.other();
        let paths = self.side(idle).write_paths();
        if !paths.is_empty() {
            violations.push(format!(
                "the {idle} is not the writer and lets applications write: {}",
                paths.join(", ")
            ));
        }
    }

    fn check_lane(&mut self, before: &LaneRecord, violations: &mut Vec<String>) {
        let now = self.lane.clone();
        if now == *before {
            return;
        }
        if now.epoch != before.epoch.next() {
            violations.push(format!("the epoch went from {} to {}", before.epoch, now.epoch));
        }
        let run = now.run_id.clone().unwrap_or_default();
        match (before.phase, now.phase) {
            (_, Phase::Armed) => self.watch.armed_at = Some(now.epoch),
            (_, Phase::Committed) => {
                self.check_commit(before, &run, violations);
                self.watch
                    .committed
                    .push((run, self.watch.armed_at.unwrap_or(now.epoch)));
            }
            (_, Phase::Aborting) => self
                .watch
                .aborted
                .push((run, self.watch.armed_at.unwrap_or(now.epoch))),
            (_, Phase::ServeSource | Phase::ServeTarget) => {
                let database = self.side(now.writer);
                if database.snapshot.is_some() || database.write_paths().is_empty() {
                    violations.push(format!(
                        "held writes were released to the {}, which is locked",
                        now.writer
                    ));
                }
            }
            _ => {}
        }
        let twice = self
            .watch
            .committed
            .iter()
            .find(|c| self.watch.aborted.contains(c));
        if let Some((run, _)) = twice {
            violations.push(format!("commit and abort of run {run} have both won"));
        }
        if before.writer != now.writer && now.phase != Phase::Committed {
            violations.push(format!("the writer changed without a commit, into {}", now.phase));
        }
    }

    /// A commit requires that no application can write on the old writer, that the marker arrived exactly
    /// once, that every row has arrived, and that the deadline has not passed.
    fn check_commit(&self, before: &LaneRecord, run: &str, violations: &mut Vec<String>) {
        let from = self.side(before.writer);
        let to = self.side(before.writer.other());
        if before
            .hold_deadline_ms
            .is_none_or(|deadline| self.now >= deadline.0)
        {
            violations.push("the commit was accepted after the deadline".to_owned());
        }
        let paths = from.write_paths();
        if !paths.is_empty() {
            violations.push(format!("committed while writers were left: {}", paths.join(", ")));
        }
        let seen = to.count_markers(run, &format!("{run}-final"));
        if seen != 1 {
            violations.push(format!("committed with the catch-up marker seen {seen} times"));
        }
        let lacks = from.log.iter().any(|change| match &change.effect {
            Effect::Row { table, id, token } => {
                !change.replicated && to.tables.get(table).and_then(|t| t.rows.get(id)) != Some(token)
            }
            Effect::Marker(_) => false,
        });
        if lacks {
            violations.push("committed before every row had arrived".to_owned());
        }
    }

    /// A side is unlocked only while it is the writer and after the decision: the commit or the abort has
    /// won.
    fn check_locks(&mut self, violations: &mut Vec<String>) {
        for side in [Side::Source, Side::Target] {
            let locked = self.side(side).snapshot.is_some();
            let was = self.watch.locked.insert(side.name(), locked).unwrap_or(locked);
            let decided = self.lane.writer == side && !matches!(self.lane.phase, Phase::Armed | Phase::Hold);
            if was && !locked && !decided {
                let LaneRecord { phase, writer, .. } = &self.lane;
                violations.push(format!(
                    "the {side} was unlocked in phase {phase} with the {writer} as writer"
                ));
            }
        }
    }
}
