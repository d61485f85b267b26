//! The names of the change streams in each round of a series.
//!
//! A rollback leaves the forward stream of its cutover stopped, and the stream that it has created (the plan's
//! post-rollback task) carries the changes from source to target. So the next cutover is a new migration, whose
//! forward task is that one. What the last migration has left is removed first, because a stopped stream keeps
//! the source's changes.

use crossover_core::Direction;

use super::{Environment, replication};
use crate::error::{RehearsalError, Result};

/// The streams of one round. A round ends with a rollback that committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streams {
    round: u32,
}

impl Streams {
    /// The streams after so many rollbacks.
    pub const fn after_rollbacks(round: u32) -> Self {
        Self { round }
    }

    fn numbered(self, name: &str) -> String {
        match self.round {
            0 => name.to_owned(),
            round => format!("{name}-{}", round + 1),
        }
    }

    /// Names the retained positions of a round, too.
    pub fn migration_id(self) -> String {
        self.numbered(replication::MIGRATION)
    }

    /// Source to target, at the start of the round.
    pub fn forward(self) -> String {
        match self.round.checked_sub(1) {
            None => replication::task(replication::MIGRATION, "forward"),
            Some(before) => Self { round: before }.post_rollback(),
        }
    }

    /// Target to source, after the cutover.
    pub fn reverse(self) -> String {
        replication::task(&self.migration_id(), "reverse")
    }

    /// Source to target, after the rollback.
    pub fn post_rollback(self) -> String {
        replication::task(&self.migration_id(), "post-rollback")
    }

    /// Every stream that has run up to and including this round, without repetition.
    pub fn all_so_far(self) -> Vec<String> {
        let rounds = (0..=self.round).map(|round| Self { round });
        let mut names = vec![Self::default().forward()];
        names.extend(rounds.flat_map(|streams| [streams.reverse(), streams.post_rollback()]));
        names
    }
}

impl Environment {
    /// Removes the forward stream of the round before `streams`, and its slot if the stream had not created it.
    pub async fn retire_streams_before(&self, streams: Streams) -> Result<()> {
        let Some(round) = streams.round.checked_sub(1) else {
            return Ok(());
        };
        let old = Streams { round };
        replication::remove_task(&self.dms, &old.forward()).await?;
        let Some(before) = round.checked_sub(1) else {
            // The slot of the first forward stream was its own.
            return Ok(());
        };
        let plan = self.plan_over("retired", false, Streams { round: before });
        let slot = plan.reverse_position(Direction::Reverse);
        let source = self.databases.source.inspector().await?;
        source
            .execute("select pg_drop_replication_slot($1)", &[&slot])
            .await
            .map_err(RehearsalError::database(
                "dropping the slot of a stream that was replaced",
            ))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_starts_with_the_stream_that_the_rollback_before_it_has_left() {
        let rounds: Vec<Streams> = (0..3).map(Streams::after_rollbacks).collect();
        assert_eq!(rounds[0].forward(), "crossover-rehearsal-forward");
        for pair in rounds.windows(2) {
            assert_eq!(pair[1].forward(), pair[0].post_rollback());
            assert_ne!(pair[1].migration_id(), pair[0].migration_id());
        }
        let all = rounds[2].all_so_far();
        let unique: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!((all.len(), unique.len()), (7, 7), "{all:?}");
    }
}
