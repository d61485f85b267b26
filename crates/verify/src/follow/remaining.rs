//! The final verification at the pause, of the last few rows only.

use crossover_core::{
    Millis,
    catalogue::TableName,
    ports::{PortError, PortResult},
    rows::RowKey,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    DifferingRow, FollowError, FollowEvent, Follower,
    dirty::{PackedKey, Whole},
};
use crate::rows::{KEYS_AT_ONCE, Mismatches, differing};

/// The result of the final check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remaining {
    /// Rows that were checked.
    pub rechecked: u64,
    /// Rows that differ, sorted by table and key.
    pub different: Vec<(TableName, RowKey)>,
    /// Tables whose state is unknown: not compared as a whole yet, or to be compared again.
    pub unknown: Vec<TableName>,
    pub elapsed_ms: Millis,
}

impl Remaining {
    /// Every table is equal.
    pub fn is_equal(&self) -> bool {
        self.different.is_empty() && self.unknown.is_empty()
    }

    /// The same as an event, with at most this many rows named.
    pub fn event(&self, max_reported: usize) -> FollowEvent {
        let differing = self
            .different
            .iter()
            .take(max_reported)
            .map(|(table, key)| DifferingRow {
                table: table.to_string(),
                key: key.clone(),
            });
        FollowEvent::Remaining {
            equal: self.is_equal(),
            rechecked: self.rechecked,
            different_rows: self.different.len() as u64,
            different: differing.collect(),
            unknown: self.unknown.iter().map(ToString::to_string).collect(),
            elapsed_ms: self.elapsed_ms,
        }
    }
}

impl Follower<'_> {
    /// Checks the remaining dirty rows once, both sides at the same time, in one round trip for each 2,000
    /// keys of a table. Call this only when no session writes any more: writers are locked out and the
    /// follower has received everything. The slot is not advanced, and tables are not compared as a whole.
    ///
    /// # Errors
    /// A server that does not answer; a slot that does not exist.
    pub async fn verify_remaining(&mut self) -> Result<Remaining, FollowError> {
        let clock = self.ctx.sides.clock;
        let began = clock.now();
        loop {
            let (taken, _) = self.take_once().await?;
            if taken.complete {
                break;
            }
            // The following changes are after this batch.
            if let Some(upto) = taken.upto {
                self.advance(upto).await?;
            }
        }
        let mut remaining = Remaining::default();
        let mut checks: Vec<(TableName, Vec<PackedKey>)> = Vec::new();
        for (table, of_table) in &self.dirty.tables {
            if of_table.whole != Whole::No || !of_table.swept {
                remaining.unknown.push(table.clone());
            }
            if !of_table.is_keyless() {
                let keys: Vec<PackedKey> = of_table.keys.keys().cloned().collect();
                checks.extend(
                    keys.chunks(KEYS_AT_ONCE)
                        .map(|keys| (table.clone(), keys.to_vec())),
                );
            }
        }
        remaining.rechecked = checks.iter().map(|(_, keys)| keys.len() as u64).sum();
        let this = &*self;
        let found: Vec<(TableName, Vec<PackedKey>, Mismatches)> = stream::iter(checks)
            .map(|(table, keys)| async move {
                let found = this.both(&table, &keys).await?;
                Ok::<_, PortError>((table, keys, found))
            })
            .buffer_unordered(this.ctx.verify.rows.jobs.max(1))
            .try_collect()
            .await?;
        for (table, keys, found) in found {
            for key in keys.iter().filter(|key| !found.contains_key(&key.key())) {
                self.equal(&table, key);
            }
            for key in found.into_keys() {
                self.dirty.add_found(&table, PackedKey::new(&key));
                remaining.different.push((table.clone(), key));
            }
        }
        remaining.different.sort();
        remaining.elapsed_ms = clock.now().since(began);
        Ok(remaining)
    }

    /// As [`Self::verify_remaining`], reported as an event.
    ///
    /// # Errors
    /// As [`Self::verify_remaining`].
    pub async fn tell_remaining(&mut self) -> Result<(), FollowError> {
        let remaining = self.verify_remaining().await?;
        self.emit(&remaining.event(self.ctx.verify.rows.max_reported));
        Ok(())
    }

    async fn both(&self, table: &TableName, keys: &[PackedKey]) -> PortResult<Mismatches> {
        let Some(of_table) = self.dirty.tables.get(table) else {
            return Ok(Mismatches::new());
        };
        let keys: Vec<RowKey> = keys.iter().map(PackedKey::key).collect();
        let forms = &of_table.prepared.forms;
        let (source, target) = futures::try_join!(
            self.ctx.sides.source.rows_of(&forms.0, &keys),
            self.ctx.sides.target.rows_of(&forms.1, &keys)
        )?;
        Ok(differing(source, target))
    }
}
