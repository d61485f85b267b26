//! Comparisons of whole tables, in parallel to the rounds.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use crossover_core::{
    Millis, UnixMillis,
    catalogue::TableName,
    ports::{PortError, PortResult},
};

use super::{
    FollowContext, FollowError, Follower,
    dirty::{PackedKey, Whole},
    event::FollowEvent,
};
use crate::{
    prepared::PreparedTable,
    rows::{Difference, Kind, Mismatch, RowsOptions, TableResult},
    run::could_not_run,
};

/// The shortest time between two comparisons of a table; the time is never less than twice the duration of
/// the last one.
const AGAIN: Millis = Millis(1_000);

/// Comparisons in progress.
pub(super) type Sweep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
/// Finished comparisons.
pub(super) type Done = Arc<Mutex<Vec<(TableName, PortResult<TableResult>)>>>;

impl<'a> Follower<'a> {
    /// The comparison of all tables that are due, if any. From now on their keys are kept: the comparison
    /// reads what changes before it reads the table, and later changes are taken from the slot.
    pub(super) fn begin_sweep(&mut self) -> Option<Sweep<'a>> {
        let now = self.ctx.sides.clock.now();
        let mut tables = Vec::new();
        for of_table in self.dirty.tables.values_mut() {
            // The table is marked as being compared, but no comparison runs: the future was dropped with a
            // round.
            let due = match of_table.whole {
                Whole::No => false,
                Whole::Due => of_table.not_before <= now,
                Whole::Sweeping => true,
            };
            if due {
                of_table.whole = Whole::Sweeping;
                tables.push(Arc::clone(&of_table.prepared));
            }
        }
        if tables.is_empty() {
            return None;
        }
        let (place, done) = (self.ctx, Arc::clone(&self.swept));
        Some(Box::pin(sweep(place, tables, done)))
    }

    /// Applies the results of the comparisons.
    pub(super) fn absorb(&mut self) -> Result<(), FollowError> {
        let done = std::mem::take(&mut *self.swept.lock().unwrap_or_else(PoisonError::into_inner));
        for (table, result) in done {
            match result {
                Ok(result) => self.absorb_one(&table, result),
                Err(error @ PortError::Unreachable { .. }) => return Err(error.into()),
                Err(error) => {
                    self.could_not_run.push(could_not_run(&table, &error));
                    self.dirty.forget(&table);
                }
            }
        }
        Ok(())
    }

    fn absorb_one(&mut self, table: &TableName, result: TableResult) {
        let now = self.ctx.sides.clock.now();
        let found: Vec<(PackedKey, Mismatch)> = result
            .differences
            .iter()
            .map(|d| (PackedKey::new(&d.seen.key), mismatch(d)))
            .collect();
        self.emit(&FollowEvent::Compared {
            table: table.to_string(),
            rows_source: result.rows_source,
            rows_target: result.rows_target,
            open: found.len() as u64,
        });
        let Some(of_table) = self.dirty.tables.get_mut(table) else {
            return;
        };
        of_table.swept = true;
        of_table.truncated = result.truncated;
        let keyless = of_table.is_keyless();
        if of_table.whole == Whole::Sweeping {
            let again = result.truncated || keyless && !found.is_empty();
            of_table.whole = if again { Whole::Due } else { Whole::No };
        }
        of_table.not_before = now + AGAIN.max(result.elapsed_ms * 2);
        if keyless {
            self.absorb_keyless(table, found, now);
        } else {
            for (key, _) in found {
                self.dirty.add_found(table, key);
            }
        }
        self.results.insert(table.clone(), result);
    }

    /// A table without a key can be checked only as a whole: each comparison is a check of all its rows.
    fn absorb_keyless(&mut self, table: &TableName, found: Vec<(PackedKey, Mismatch)>, now: UnixMillis) {
        let gone: Vec<PackedKey> = match self.dirty.tables.get(table) {
            Some(t) => t
                .keys
                .keys()
                .filter(|key| !found.iter().any(|(other, _)| other == *key))
                .cloned()
                .collect(),
            None => Vec::new(),
        };
        for key in gone {
            self.equal(table, &key);
        }
        for (key, mismatch) in found {
            if let Some(entry) = self.dirty.add_found(table, key) {
                entry.saw(mismatch, self.round, now);
            }
        }
    }

    /// The row is equal.
    pub(super) fn equal(&mut self, table: &TableName, key: &PackedKey) {
        if self.dirty.remove(table, key) {
            self.emit(&FollowEvent::Withdrawn {
                table: table.to_string(),
                key: key.key(),
            });
        }
    }
}

async fn sweep(ctx: FollowContext<'_>, tables: Vec<Arc<PreparedTable>>, done: Done) {
    let options = RowsOptions {
        columns: false,
        ..ctx.verify.rows.clone()
    };
    for table in tables {
        let comparison = ctx.comparison(&options);
        let shapes = (&table.shapes.0, &table.shapes.1);
        let forms = (&table.forms.0, &table.forms.1);
        let result = comparison.table(shapes, forms).await;
        done.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((table.table.clone(), result));
    }
}

/// The compared rows, as far as the difference contains them: sufficient for rows without a key.
fn mismatch(difference: &Difference) -> Mismatch {
    let there = Some((0, difference.count));
    match difference.kind {
        Kind::MissingOnTarget => Mismatch {
            source: there,
            target: None,
        },
        Kind::ExtraOnTarget => Mismatch {
            source: None,
            target: there,
        },
        Kind::Different => Mismatch {
            source: there,
            target: Some((1, difference.count)),
        },
    }
}
