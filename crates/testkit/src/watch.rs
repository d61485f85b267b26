//! The invariants, looked at after every port call and every step of time.

use std::collections::BTreeMap;

use crossover_core::routing::{Epoch, LaneRecord, Phase, Side};

use crate::{database::Effect, state::State};

/// What was seen so far.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    pub violations: Vec<String>,
    lane: Option<LaneRecord>,
    locked: BTreeMap<&'static str, bool>,
    /// Runs that have committed and runs whose abort has won, with the epoch of the arming.
    pub committed: Vec<(String, Epoch)>,
    pub aborted: Vec<(String, Epoch)>,
    armed_at: Option<Epoch>,
}

impl Watch {
    /// Remembers a broken invariant, once.
    pub fn note(&mut self, violation: String) {
        if !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }
}

impl State {
    /// Looks at everything; `after` names what was done last.
    pub fn look(&mut self, after: &str) {
        let before = self
            .watch
            .lane
            .replace(self.lane.clone())
            .unwrap_or_else(|| self.lane.clone());
        let mut broken = Vec::new();
        self.look_at_sides(&mut broken);
        self.look_at_lane(&before, &mut broken);
        self.look_at_locks(&mut broken);
        for violation in broken {
            self.watch.note(format!("{violation} (after {after})"));
        }
    }

    /// Never are both sides writable, and the target refuses writes before the commit: applications can write on the writer's side
    /// only.
    fn look_at_sides(&self, broken: &mut Vec<String>) {
        let idle = self.lane.writer.other();
        let ways = self.side(idle).open_ways();
        if !ways.is_empty() {
            broken.push(format!(
                "the {idle} is not the writer and lets applications write: {}",
                ways.join(", ")
            ));
        }
    }

    fn look_at_lane(&mut self, before: &LaneRecord, broken: &mut Vec<String>) {
        let now = self.lane.clone();
        if now == *before {
            return;
        }
        if now.epoch != before.epoch.next() {
            broken.push(format!("the epoch went from {} to {}", before.epoch, now.epoch));
        }
        let run = now.run_id.clone().unwrap_or_default();
        match (before.phase, now.phase) {
            (_, Phase::Armed) => self.watch.armed_at = Some(now.epoch),
            (_, Phase::Committed) => {
                self.look_at_commit(before, &run, broken);
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
                if database.snapshot.is_some() || database.open_ways().is_empty() {
                    broken.push(format!(
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
            broken.push(format!("commit and abort of run {run} have both won"));
        }
        if before.writer != now.writer && now.phase != Phase::Committed {
            broken.push(format!("the writer changed without a commit, into {}", now.phase));
        }
    }

    /// What a commit implies (no writer left, the marker seen once, every row there), and no commit after the deadline.
    fn look_at_commit(&self, before: &LaneRecord, run: &str, broken: &mut Vec<String>) {
        let from = self.side(before.writer);
        let to = self.side(before.writer.other());
        if before
            .hold_deadline_ms
            .is_none_or(|deadline| self.now >= deadline.0)
        {
            broken.push("the commit was accepted after the deadline".to_owned());
        }
        let ways = from.open_ways();
        if !ways.is_empty() {
            broken.push(format!("committed while writers were left: {}", ways.join(", ")));
        }
        let seen = to.count_markers(run, &format!("{run}-final"));
        if seen != 1 {
            broken.push(format!("committed with the catch-up marker seen {seen} times"));
        }
        let lacks = from.log.iter().any(|change| match &change.effect {
            Effect::Row { table, id, token } => {
                !change.replicated && to.tables.get(table).and_then(|t| t.rows.get(id)) != Some(token)
            }
            Effect::Marker(_) => false,
        });
        if lacks {
            broken.push("committed before every row had arrived".to_owned());
        }
    }

    /// A side is unlocked only when it is the writer and the decision has fallen: the abort has won, or the commit.
    fn look_at_locks(&mut self, broken: &mut Vec<String>) {
        for side in [Side::Source, Side::Target] {
            let locked = self.side(side).snapshot.is_some();
            let was = self.watch.locked.insert(side.name(), locked).unwrap_or(locked);
            let decided = self.lane.writer == side && !matches!(self.lane.phase, Phase::Armed | Phase::Hold);
            if was && !locked && !decided {
                let LaneRecord { phase, writer, .. } = &self.lane;
                broken.push(format!(
                    "the {side} was unlocked in phase {phase} with the {writer} as writer"
                ));
            }
        }
    }
}
