//! Applies a plan in small transactions; [`super`] explains the order of the steps.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use crossover_core::{
    Millis,
    catalogue::TableName,
    ports::{PortError, PortResult, Repair, RepairTransaction, RowOutcome},
    rows::{Action, RowKey, RowPrint, RowTexts},
};

use super::{
    Outcome, RepairPlan, RepairReport, TablePlan,
    planned::{self, Planned, by_key, portions},
};
use crate::{
    rows::{CatchUp, Governor, Recheck, shown_at_once},
    run::Sides,
    watch::Silent,
};

/// Number of keys read at once before anything is locked.
const LOOK: usize = 500;
/// Number of attempts for a batch whose rows other sessions hold, and the wait between attempts.
const TRIES: u32 = 20;
const WAIT: Millis = Millis(250);

/// Options of a repair.
#[derive(Debug, Clone, Copy)]
pub struct ApplyOptions {
    /// Rows per transaction.
    pub batch: usize,
    /// How long a server may be unavailable while nothing is locked.
    pub retry_timeout_ms: Millis,
    /// How long repaired rows that differ again are rechecked.
    pub recheck_limit_ms: Millis,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self {
            batch: 100,
            retry_timeout_ms: Millis(60_000),
            recheck_limit_ms: Millis(60_000),
        }
    }
}

/// Both sides and the plan.
struct Repairing<'a> {
    sides: &'a Sides<'a>,
    /// The same, asked again while a server is away.
    patient: &'a Sides<'a>,
    target: &'a dyn Repair,
    plan: &'a RepairPlan,
    options: ApplyOptions,
}

/// A row in progress.
struct Work<'p> {
    table: &'p TablePlan,
    change: &'p Planned,
    outcome: Outcome,
}

/// Repairs what can be repaired and checks the repaired rows again. A second run changes nothing more.
///
/// # Errors
/// A side that does not answer before anything was written, or during the check of the repaired rows.
pub async fn apply(
    sides: &Sides<'_>,
    target: &dyn Repair,
    plan: &RepairPlan,
    options: ApplyOptions,
) -> PortResult<RepairReport> {
    let governor = Governor::default();
    let (source, follower) = sides.attended(options.retry_timeout_ms, &governor, &Silent);
    // While rows are locked nothing is asked again: the locks must not outlast a server that is away.
    let repairing = Repairing {
        patient: &Sides {
            source: &source,
            target: &follower,
            ..*sides
        },
        sides,
        target,
        plan,
        options,
    };
    let mut work: Vec<Work<'_>> = plan
        .steps()
        .into_iter()
        .flat_map(|step| {
            step.changes.into_iter().map(move |change| Work {
                table: step.table,
                change,
                outcome: Outcome::Planned,
            })
        })
        .collect();
    repairing.first_check(&mut work).await?;
    repairing.write(&mut work).await;
    let again = repairing.different_again(&work).await?;
    target.done().await?;
    let mut report = RepairReport::planned(plan);
    // The report's rows begin with the plan's, in the same order.
    for (row, work) in report.rows.iter_mut().zip(&work) {
        row.different_again = again.contains(&(&work.table.table.form.table, &work.change.key));
        row.outcome = work.outcome.clone();
    }
    report.add_up();
    Ok(report)
}

/// No transaction is in progress.
struct Still;

#[async_trait]
impl CatchUp for Still {
    async fn wait_for_catchup(&self) -> PortResult<()> {
        Ok(())
    }
}

type Row<'p> = (&'p TableName, &'p RowKey);

impl Repairing<'_> {
    /// Leaves out the rows that have changed on the source, and waits until the stream has applied everything
    /// up to now.
    async fn first_check(&self, work: &mut [Work<'_>]) -> PortResult<()> {
        for part in work.chunk_by_mut(|a, b| std::ptr::eq(a.table, b.table)) {
            for part in part.chunks_mut(LOOK) {
                let changes: Vec<&Planned> = part.iter().map(|w| w.change).collect();
                let table = part[0].table;
                let changed = self.changed_on_source(self.patient, table, &changes).await?;
                for row in part {
                    if changed.contains(&row.change.key) {
                        row.outcome = Outcome::SkippedChangedOnSource;
                    }
                }
            }
        }
        match self.sides.catch_up {
            Some(catch_up) => catch_up.wait_for_catchup().await,
            None => Ok(()),
        }
    }

    /// Applies the plan batch by batch. A batch that fails is tried again as long as another one succeeds: a
    /// row may need a unique value or a parent that a later batch provides.
    async fn write(&self, work: &mut [Work<'_>]) {
        loop {
            let mut open: Vec<&mut Work<'_>> = work
                .iter_mut()
                .filter(|w| matches!(w.outcome, Outcome::Planned | Outcome::Failed { .. }))
                .collect();
            let mut repaired = 0;
            let mut failed = false;
            let mut gone: Option<String> = None;
            let alike = |a: &&mut Work<'_>, b: &&mut Work<'_>| {
                std::ptr::eq(a.table, b.table) && a.change.action() == b.change.action()
            };
            let batches = open
                .chunk_by_mut(alike)
                .flat_map(|step| cut(step, self.options.batch, |work| work.change.bytes));
            for batch in batches {
                if let Some(reason) = &gone {
                    // The server does not answer, so the rest is not tried.
                    for row in batch {
                        row.outcome = Outcome::Failed {
                            reason: reason.clone(),
                        };
                    }
                    continue;
                }
                if let Err(error) = self.batch(batch).await {
                    let reason = error.to_string();
                    for row in batch.iter_mut() {
                        row.outcome = Outcome::Failed {
                            reason: reason.clone(),
                        };
                    }
                    if matches!(error, PortError::Unreachable { .. }) {
                        gone = Some(format!("not tried: {reason}"));
                    }
                }
                repaired += batch.iter().filter(|w| w.outcome == Outcome::Repaired).count();
                failed |= batch.iter().any(|w| matches!(w.outcome, Outcome::Failed { .. }));
            }
            if !failed || repaired == 0 || gone.is_some() {
                return;
            }
        }
    }

    /// One transaction, or several when rows change on the source during the repair: each then has fewer
    /// rows.
    async fn batch(&self, batch: &mut [&mut Work<'_>]) -> PortResult<()> {
        let Some(first) = batch.first() else {
            return Ok(());
        };
        let table = first.table;
        // A row that does not exist cannot be locked.
        let whole = first.change.action() == Action::Insert;
        let keys: Vec<RowKey> = batch.iter().map(|w| w.change.key.clone()).collect();
        let ours = by_key(self.sides.source.values_of(&table.source, &keys).await?);
        let mut open: Vec<usize> = Vec::with_capacity(batch.len());
        for (place, work) in batch.iter_mut().enumerate() {
            if planned::is(ours.get(&work.change.key), work.change.after) {
                open.push(place);
            } else {
                work.outcome = Outcome::SkippedChangedOnSource;
            }
        }
        let mut tries = 0;
        while !open.is_empty() {
            let mut transaction = self.target.begin(&table.table, self.plan.silent).await?;
            let keys: Vec<RowKey> = open.iter().map(|i| batch[*i].change.key.clone()).collect();
            let Some(rows) = transaction.lock(&keys, whole).await? else {
                transaction.rollback().await?;
                tries += 1;
                if tries == TRIES {
                    return Err(PortError::refused(
                        format!("table {} of the target", table.table.form.table),
                        "its rows are locked by another session; repair again when that session has ended",
                    ));
                }
                self.sides.clock.sleep(WAIT).await;
                continue;
            };
            let written = write_rows(&mut *transaction, batch, &open, (by_key(rows), &ours)).await?;
            let changes: Vec<&Planned> = written.iter().map(|i| batch[*i].change).collect();
            let changed = self.changed_on_source(self.sides, table, &changes).await?;
            if changed.is_empty() {
                transaction.commit().await?;
                for i in written {
                    batch[i].outcome = Outcome::Repaired;
                }
                return Ok(());
            }
            transaction.rollback().await?;
            open = written;
            open.retain(|i| {
                let out = changed.contains(&batch[*i].change.key);
                if out {
                    batch[*i].outcome = Outcome::SkippedChangedOnSource;
                }
                !out
            });
        }
        Ok(())
    }

    /// Keys of rows that the source no longer has as the comparison saw them.
    async fn changed_on_source(
        &self,
        sides: &Sides<'_>,
        table: &TablePlan,
        changes: &[&Planned],
    ) -> PortResult<BTreeSet<RowKey>> {
        let mut changed = BTreeSet::new();
        for changes in changes.chunks(shown_at_once(&table.source)) {
            let keys: Vec<RowKey> = changes.iter().map(|c| c.key.clone()).collect();
            let rows = sides.source.shown_of(&table.source, &keys).await?;
            let now: BTreeMap<RowKey, RowPrint> =
                rows.into_iter().map(|r| (r.key.clone(), r.print())).collect();
            let others = changes
                .iter()
                .filter(|change| now.get(&change.key) != change.after.as_ref());
            changed.extend(others.map(|change| change.key.clone()));
        }
        Ok(changed)
    }

    /// Compares only the repaired rows.
    async fn different_again<'p>(&self, work: &[Work<'p>]) -> PortResult<BTreeSet<Row<'p>>> {
        let mut found = BTreeSet::new();
        for plan in &self.plan.tables {
            let repaired: Vec<&Work<'p>> = work
                .iter()
                .filter(|w| std::ptr::eq(w.table, plan) && w.outcome == Outcome::Repaired)
                .collect();
            let keys: Vec<RowKey> = repaired.iter().map(|w| w.change.key.clone()).collect();
            let recheck = Recheck {
                source: self.patient.source,
                target: self.patient.target,
                writer: self.sides.writer,
                catch_up: self.sides.catch_up.unwrap_or(&Still),
                clock: self.sides.clock,
                limit_ms: self.options.recheck_limit_ms,
            };
            let forms = (&plan.source, &plan.table.form);
            let open = recheck.differing(forms, &keys).await?;
            let real = recheck.recheck_until_stable(forms, open).await?;
            found.extend(
                repaired
                    .into_iter()
                    .filter(|w| real.contains_key(&w.change.key))
                    .map(|w| (&w.table.table.form.table, &w.change.key)),
            );
        }
        Ok(found)
    }
}

/// Cuts rows into batches of at most `most` whose values fit into memory.
fn cut<T>(mut rows: &mut [T], most: usize, bytes: impl Fn(&T) -> u64) -> Vec<&mut [T]> {
    let lengths = portions(rows.iter().map(bytes), most);
    let mut batches = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (batch, rest) = rows.split_at_mut(length);
        batches.push(batch);
        rows = rest;
    }
    batches
}

/// Writes those rows that still match the comparison and returns the written ones; the other rows have their
/// outcome.
async fn write_rows(
    transaction: &mut dyn RepairTransaction,
    batch: &mut [&mut Work<'_>],
    open: &[usize],
    (mut theirs, ours): (BTreeMap<RowKey, RowTexts>, &BTreeMap<RowKey, RowTexts>),
) -> PortResult<Vec<usize>> {
    let mut written = Vec::with_capacity(open.len());
    for i in open {
        let planned = batch[*i].change;
        let values = (theirs.remove(&planned.key), ours.get(&planned.key).cloned());
        let answer = match planned.with_values(values.0, values.1) {
            Some(change) => transaction.change(&change).await?,
            None => RowOutcome::NotAsSeen,
        };
        match answer {
            RowOutcome::Done => written.push(*i),
            RowOutcome::NotAsSeen => batch[*i].outcome = Outcome::SkippedChangedOnTarget,
            RowOutcome::Failed(reason) => batch[*i].outcome = Outcome::Failed { reason },
        }
    }
    Ok(written)
}
