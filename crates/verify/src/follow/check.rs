//! Checks dirty rows and draws conclusions from the checks.

use std::{collections::BTreeMap, sync::Arc};

use crossover_core::{
    Millis,
    catalogue::TableName,
    ports::PortResult,
    routing::Side,
    rows::{RowKey, RowValues},
};

use super::{
    FollowError, FollowEvent, Follower,
    dirty::{DirtyTable, PackedKey},
    judge::{Certainty, Entry, Probe, Verdict, Watching},
};
use crate::{
    prepared::PreparedTable,
    rows::{Difference, Mismatch, Mismatches, Recheck, RowsOptions},
};

/// Rows checked in one round.
const CHECKS: usize = 20_000;
/// Rows whose versions are collected at the same time.
const WATCHED: usize = 256;
/// Number of checks that have to see a difference before the versions of the row are collected.
const CHECKS_BEFORE: u32 = 2;

/// Rows to check, by table.
pub(super) type Checks = BTreeMap<TableName, Vec<PackedKey>>;

impl Follower<'_> {
    /// Rows for this round: first those that were seen to differ, then those with the oldest check.
    pub(super) fn choose(&self) -> Checks {
        let mut all: Vec<(bool, u32, &TableName, &PackedKey)> = Vec::new();
        for (table, of_table) in &self.dirty.tables {
            if of_table.is_keyless() {
                continue;
            }
            let open = |entry: &Entry| entry.suspect.is_some() && !entry.is_reported();
            all.extend(
                of_table
                    .keys
                    .iter()
                    .map(|(key, e)| (!open(e), e.checked_in, table, key)),
            );
        }
        if all.len() > CHECKS {
            all.select_nth_unstable_by_key(CHECKS, |(open, checked_in, ..)| (*open, *checked_in));
            all.truncate(CHECKS);
        }
        let mut checks = Checks::new();
        for (_, _, table, key) in all {
            checks.entry(table.clone()).or_default().push(key.clone());
        }
        checks
    }

    pub(super) async fn check(&mut self, checks: Checks) -> Result<(), FollowError> {
        for (table, keys) in checks {
            let Some(of_table) = self.dirty.tables.get(&table) else {
                continue;
            };
            let prepared = Arc::clone(&of_table.prepared);
            let forms = (&prepared.forms.0, &prepared.forms.1);
            let asked: Vec<RowKey> = keys.iter().map(PackedKey::key).collect();
            let differ = self.recheck().differing(forms, &asked).await?;
            self.take_in(&table, &keys, differ);
            self.probe(&table, &prepared).await?;
        }
        self.watch_more();
        Ok(())
    }

    fn take_in(&mut self, table: &TableName, keys: &[PackedKey], differ: Mismatches) {
        let now = self.ctx.sides.clock.now();
        let mut differ: BTreeMap<PackedKey, Mismatch> = differ
            .into_iter()
            .map(|(key, s)| (PackedKey::new(&key), s))
            .collect();
        for key in keys {
            match differ.remove(key) {
                None => self.equal(table, key),
                Some(mismatch) => {
                    if let Some(entry) = self.dirty.add_found(table, key.clone()) {
                        entry.saw(mismatch, self.round, now);
                    }
                }
            }
        }
        // The same keys in the form that checks print, where changes print another form.
        for (key, mismatch) in differ {
            if let Some(entry) = self.dirty.add_found(table, key) {
                entry.saw(mismatch, self.round, now);
            }
        }
    }

    /// Fetches the watched rows, first those of the follower.
    async fn probe(&mut self, table: &TableName, prepared: &PreparedTable) -> PortResult<()> {
        let round = self.round;
        let Some(of_table) = self.dirty.tables.get(table) else {
            return Ok(());
        };
        let watched = of_table.keys.iter().filter(|(_, entry)| {
            entry.checked_in == round && entry.suspect.as_ref().is_some_and(|s| s.watching.is_some())
        });
        let keys: Vec<PackedKey> = watched.map(|(key, _)| key.clone()).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let asked: Vec<RowKey> = keys.iter().map(PackedKey::key).collect();
        let sides = self.ctx.sides;
        let ask = async |side: Side| {
            let rows = match side {
                Side::Source => sides.source.values_of(&prepared.forms.0, &asked).await?,
                Side::Target => sides.target.values_of(&prepared.forms.1, &asked).await?,
            };
            Ok::<_, crossover_core::ports::PortError>(by_key(rows))
        };
        let mut follower = ask(sides.writer.other()).await?;
        let mut writer = ask(sides.writer).await?;
        let Some(of_table) = self.dirty.tables.get_mut(table) else {
            return Ok(());
        };
        for key in keys {
            let watching = of_table
                .keys
                .get_mut(&key)
                .and_then(|entry| entry.suspect.as_mut())
                .and_then(|suspect| suspect.watching.as_mut());
            if let Some(watching) = watching {
                watching.probed(Probe {
                    round,
                    follower: follower.remove(&key),
                    writer: writer.remove(&key),
                });
            }
        }
        Ok(())
    }

    /// Starts to watch rows that keep differing, up to the limit.
    fn watch_more(&mut self) {
        let mut free = WATCHED;
        let round = self.round;
        // With a condition a row can leave the compared set, which its versions do not show.
        let followable = |t: &DirtyTable| !t.is_keyless() && t.prepared.forms.0.condition.is_none();
        let tables = self.dirty.tables.values_mut().filter(|t| followable(t));
        for entry in tables.flat_map(|t| t.keys.values_mut()) {
            let hot = entry.changed + CHECKS_BEFORE >= round;
            let Some(suspect) = &mut entry.suspect else {
                continue;
            };
            if suspect.watching.is_some() {
                free = free.saturating_sub(1);
            } else if free > 0 && (hot || !suspect.reported) && suspect.unequal_checks >= CHECKS_BEFORE {
                suspect.watching = Some(Box::<Watching>::default());
                free -= 1;
            }
        }
    }

    /// Judges all rows that were seen to differ. The last take was complete.
    pub(super) async fn judge(&mut self) -> Result<(), FollowError> {
        let certainty = Certainty {
            least: if self.ctx.catch_up.is_exact() {
                Millis(0)
            } else {
                self.ctx.options.least_ms
            },
            now: self.ctx.sides.clock.now(),
        };
        let writer = self.ctx.sides.writer;
        let mut differing: BTreeMap<TableName, Vec<(PackedKey, Mismatch, bool)>> = BTreeMap::new();
        let mut following = Vec::new();
        for (table, of_table) in &mut self.dirty.tables {
            let keyless = of_table.is_keyless();
            let forms = (&of_table.prepared.forms.0, &of_table.prepared.forms.1);
            let forms = match writer {
                Side::Source => (forms.1, forms.0),
                Side::Target => forms,
            };
            for (key, entry) in &mut of_table.keys {
                let verdict = entry.judge(forms, keyless, certainty);
                let Some(suspect) = &mut entry.suspect else {
                    continue;
                };
                match verdict {
                    Verdict::Differs { hot } if !suspect.reported => {
                        suspect.reported = true;
                        // Frees the space for others: a row that is already known to differ needs no
                        // versions.
                        if !hot {
                            suspect.watching = None;
                        }
                        of_table.reported += 1;
                        differing.entry(table.clone()).or_default().push((
                            key.clone(),
                            suspect.mismatch,
                            hot,
                        ));
                    }
                    Verdict::Follows if suspect.reported => {
                        suspect.reported = false;
                        of_table.reported -= 1;
                        following.push((table.clone(), key.key()));
                    }
                    _ => {}
                }
            }
        }
        for (table, key) in following {
            let table = table.to_string();
            self.emit(&FollowEvent::Withdrawn { table, key });
        }
        for (table, rows) in differing {
            self.report(&table, rows).await?;
        }
        Ok(())
    }

    /// Reports rows that differ, by name up to the reporting limit.
    async fn report(
        &self,
        table: &TableName,
        rows: Vec<(PackedKey, Mismatch, bool)>,
    ) -> Result<(), FollowError> {
        let Some(of_table) = self.dirty.tables.get(table) else {
            return Ok(());
        };
        let named = self.ctx.verify.rows.max_reported;
        let before = (of_table.reported as usize).saturating_sub(rows.len());
        let free = named.saturating_sub(before);
        let more = rows.len() > free && before <= named;
        let rows: Vec<_> = rows.into_iter().take(free).collect();
        let hot: BTreeMap<RowKey, bool> = rows.iter().map(|(key, _, hot)| (key.key(), *hot)).collect();
        let found: Mismatches = rows.iter().map(|(key, seen, _)| (key.key(), *seen)).collect();
        let keys: Vec<RowKey> = found.keys().cloned().collect();
        let differences = self.name(&of_table.prepared, found).await?;
        // Names are returned in the order of the keys.
        for (key, difference) in keys.iter().zip(differences) {
            self.emit(&FollowEvent::Different {
                table: table.to_string(),
                hot: hot.get(key).copied().unwrap_or_default(),
                difference,
            });
        }
        if more {
            let table = table.to_string();
            self.emit(&FollowEvent::Truncated { table });
        }
        Ok(())
    }

    async fn name(&self, table: &PreparedTable, found: Mismatches) -> PortResult<Vec<Difference>> {
        let ctx = self.ctx;
        let options = RowsOptions {
            columns: ctx.verify.rows.columns,
            values: ctx.options.values,
            ..RowsOptions::default()
        };
        let comparison = ctx.comparison(&options);
        comparison.name((&table.forms.0, &table.forms.1), found).await
    }

    fn recheck(&self) -> Recheck<'_> {
        Recheck {
            source: self.ctx.sides.source,
            target: self.ctx.sides.target,
            writer: self.ctx.sides.writer,
            catch_up: self.ctx.catch_up,
            clock: self.ctx.sides.clock,
            limit_ms: self.ctx.verify.rows.recheck_limit_ms,
        }
    }
}

fn by_key(rows: Vec<RowValues>) -> BTreeMap<PackedKey, Vec<Option<String>>> {
    rows.into_iter()
        .map(|row| (PackedKey::new(&row.key), row.values))
        .collect()
}
