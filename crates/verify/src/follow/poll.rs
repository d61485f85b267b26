//! Moves changes from the slot into the dirty set.

use std::collections::BTreeSet;

use crossover_core::{
    Position,
    catalogue::TableName,
    ports::{PortError, RetainedState},
};

use super::{Ending, FollowError, FollowEvent, Follower};

/// Number of takes before the next checks, even if more changes are waiting.
const TAKES: u32 = 20;
/// The slot is advanced past irrelevant changes in steps of this many bytes.
const STEP: u64 = 1 << 20;

impl Follower<'_> {
    /// Takes the changes; returns whether that was all of them. The changes are on disk before the slot is
    /// advanced.
    pub(super) async fn take(&mut self) -> Result<bool, FollowError> {
        for _ in 0..TAKES {
            if self.ctx.sides.clock.now() < self.next_take {
                return Ok(false);
            }
            // A server that was restarted has forgotten which session holds the slot.
            self.ctx.changes.claim(&self.ground.slot).await?;
            let slot = self.checked_slot().await?;
            let (taken, any) = self.take_once().await?;
            if let Some(upto) = self.news(taken.upto)? {
                let ahead = self.ctx.positions.bytes_ahead(&slot.position, &upto)?;
                if any || ahead.is_some_and(|bytes| bytes >= STEP) {
                    self.advance(upto).await?;
                }
            }
            if taken.complete {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The position, if it lies beyond what is confirmed.
    fn news(&self, upto: Option<Position>) -> Result<Option<Position>, FollowError> {
        let Some(upto) = upto else { return Ok(None) };
        let ahead = self.ctx.positions.bytes_ahead(&self.confirmed, &upto)?;
        Ok(ahead.is_some_and(|bytes| bytes > 0).then_some(upto))
    }

    /// Every change before `upto` is in the dirty set, which is on disk before the server forgets them.
    pub(super) async fn advance(&mut self, upto: Position) -> Result<(), FollowError> {
        self.confirmed = upto.clone();
        self.save()?;
        self.ctx
            .retained
            .advance_position(&self.ground.slot, &upto)
            .await?;
        Ok(())
    }

    /// Takes a batch; says whether there was any change in it.
    pub(super) async fn take_once(
        &mut self,
    ) -> Result<(crossover_core::ports::PollOutcome, bool), FollowError> {
        let watched = self.dirty.watched();
        let (ctx, round) = (self.ctx, self.round);
        let now = ctx.sides.clock.now();
        let mut any = false;
        let dirty = &mut self.dirty;
        let mut take = |change| {
            any = true;
            dirty.take(change, ctx.sides.writer, round, now);
        };
        let taken = ctx
            .changes
            .changes(
                &self.ground.slot,
                &self.relations,
                &watched,
                ctx.options.batch,
                &mut take,
            )
            .await;
        let taken = match taken {
            Err(PortError::Missing { what }) => {
                return Err(self.slot_is_gone(format!("{what} does not exist")).await);
            }
            taken => taken?,
        };
        if !taken.unknown.is_empty() {
            any |= self.learn(&taken.unknown).await?;
        }
        for table in std::mem::take(&mut self.dirty.whole_tables) {
            let table = table.to_string();
            self.emit(&FollowEvent::WholeTable { table });
        }
        Ok((taken, any))
    }

    /// New relations: the keys of their earlier changes are unknown, so their tables are compared as a whole.
    async fn learn(&mut self, unknown: &BTreeSet<TableName>) -> Result<bool, FollowError> {
        let mut relations = self.ctx.changes.relations(&self.followed).await?;
        let mut any = false;
        for name in unknown {
            match relations.get(name) {
                Some(Some(relation)) => {
                    any = true;
                    self.dirty.make_whole(&relation.table);
                }
                Some(None) => {}
                None => {
                    self.emit(&FollowEvent::Note {
                        text: format!(
                            "{name} has changed and no longer exists: its changes are not followed"
                        ),
                    });
                    relations.insert(name.clone(), None);
                }
            }
        }
        // Names of dropped relations stay in the map, so that they are not looked up again.
        for (name, relation) in std::mem::take(&mut self.relations) {
            if relation.is_none() {
                relations.entry(name).or_insert(None);
            }
        }
        self.relations = relations;
        Ok(any)
    }

    /// The slot, if it is there and keeps no more than it may.
    async fn checked_slot(&mut self) -> Result<RetainedState, FollowError> {
        let budget = self.ctx.options.budget.wal;
        let state = self.ctx.changes.retained_state(&self.ground.slot).await?;
        match state {
            None => Err(self.slot_is_gone("another session has dropped it").await),
            Some(RetainedState { lost: Some(why), .. }) => Err(self.slot_is_gone(why).await),
            Some(state) if state.retained_bytes > budget => {
                let ending = Ending::OverBudget {
                    slot: self.ground.slot.clone(),
                    writer: self.ctx.sides.writer,
                    retained_mib: state.retained_bytes >> 20,
                    budget_mib: budget >> 20,
                };
                Err(self.give_up(ending).await?)
            }
            Some(state) => Ok(state),
        }
    }

    async fn slot_is_gone(&mut self, why: impl Into<String>) -> FollowError {
        let ending = Ending::SlotGone {
            slot: self.ground.slot.clone(),
            why: why.into(),
            since: self.confirmed.clone(),
        };
        self.give_up(ending).await.unwrap_or_else(|error| error)
    }

    /// The position up to which every change is in the dirty set.
    pub const fn confirmed(&self) -> &Position {
        &self.confirmed
    }
}
