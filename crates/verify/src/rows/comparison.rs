//! Comparison of one table, from its chunks down to the columns that differ.

use crossover_core::{
    ports::{Clock, PortResult, Rows, Snapshot},
    routing::Side,
    rows::{ColumnEncoding, HashPlan, Hashing, Region, TableShape},
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    Attended, Chunk, Governor, Layout, RowsOptions, TableResult,
    chunk::Digests,
    difference::Mismatches,
    mismatch_budget::MismatchBudget,
    recheck::{CatchUp, Recheck},
    search::{Search, suspects},
};
use crate::watch::{Event, Watch};

/// Maximum number of passes over a table in which more rows change than can be checked.
const PASSES: usize = 5;

/// Both sides and the options of the comparison.
pub struct Comparison<'a> {
    pub source: Attended<'a>,
    pub target: Attended<'a>,
    pub clock: &'a dyn Clock,
    pub options: &'a RowsOptions,
    pub governor: &'a Governor,
    pub watch: &'a dyn Watch,
    /// How to wait for the follower; `None` if no session writes, so that every difference is real.
    pub catch_up: Option<&'a dyn CatchUp>,
    /// The side the application writes to.
    pub writer: Side,
}

impl Comparison<'_> {
    /// Compares one table with the shapes and forms of both sides.
    pub async fn table(
        &self,
        shapes: (&TableShape, &TableShape),
        forms: (&HashPlan, &HashPlan),
    ) -> PortResult<TableResult> {
        self.table_by(shapes, forms, None).await
    }

    /// The same with a given method; `None` for the best method.
    pub(crate) async fn table_by(
        &self,
        shapes: (&TableShape, &TableShape),
        forms: (&HashPlan, &HashPlan),
        layout: Option<Layout>,
    ) -> PortResult<TableResult> {
        let began = self.clock.now();
        let mut result = Self::begun(forms);
        self.watch.event(&Event::Table { name: &result.name });
        let layout = match layout {
            Some(layout) => layout,
            None => self.layout(shapes, forms).await?,
        };
        let mut real = Mismatches::new();
        for _ in 0..PASSES {
            result.begin_again();
            let open = match &layout {
                Layout::Ranges(ranges) => self.by_ranges(forms, ranges, &mut result).await?,
                Layout::Buckets {
                    buckets,
                    source,
                    target,
                } => {
                    self.by_buckets(forms, *buckets, [source, target], &mut result)
                        .await?
                }
            };
            real = match self.catch_up {
                Some(catch_up) if !open.is_empty() => {
                    result.rechecked += open.len() as u64;
                    self.recheck(catch_up).recheck_until_stable(forms, open).await?
                }
                _ => open,
            };
            // The checked rows are settled, but further rows were not checked: the state of the table is
            // unknown.
            if self.catch_up.is_none() || !(real.is_empty() && result.truncated) {
                break;
            }
        }
        result.different_rows = real.values().map(super::difference::Mismatch::count).sum();
        result.equal = real.is_empty() && !result.truncated;
        if !result.equal {
            // Sums that differ prove a row, even if none can be named.
            result.different_rows = result.different_rows.max(1);
        }
        result.truncated |= real.len() > self.options.max_reported;
        if self.options.recheck_chunks && result.equal {
            self.recheck_chunks(forms, &layout, &mut result.chunks).await?;
        }
        let named = real.into_iter().take(self.options.max_reported.max(1)).collect();
        result.differences = self.name(forms, named).await?;
        result.elapsed_ms = self.clock.now().since(began);
        self.watch.event(&Event::Done {
            name: &result.name,
            equal: result.equal,
        });
        Ok(result)
    }

    /// The result of a table before its rows are read.
    pub(super) fn begun(forms: (&HashPlan, &HashPlan)) -> TableResult {
        let key = forms.0.key_columns().map(|c| c.name.clone()).collect();
        let mut result = TableResult::new(forms.0.table.clone(), forms.0.hashing, key);
        if forms.0.hashing == Hashing::TypedHash {
            let printed = forms
                .0
                .columns
                .iter()
                .filter(|c| matches!(c.form, ColumnEncoding::TextCast | ColumnEncoding::TypeOutput));
            result.as_text = printed.map(|c| c.name.clone()).collect();
        }
        result
    }

    /// Only counts the rows of a table, without a comparison.
    pub async fn count(&self, forms: (&HashPlan, &HashPlan)) -> PortResult<TableResult> {
        let began = self.clock.now();
        let mut result = TableResult::new(forms.0.table.clone(), forms.0.hashing, Vec::new());
        self.watch.event(&Event::Table { name: &result.name });
        result.method = "count";
        let region = Region::Whole;
        let (ours, theirs) = futures::try_join!(
            self.digest(Side::Source, forms.0, &region, 1, None),
            self.digest(Side::Target, forms.1, &region, 1, None)
        )?;
        let rows = |digests: Digests| digests.into_values().map(|d| d.rows).sum();
        (result.rows_source, result.rows_target) = (rows(ours), rows(theirs));
        result.equal = result.rows_source == result.rows_target;
        result.different_rows = result.rows_source.abs_diff(result.rows_target);
        result.elapsed_ms = self.clock.now().since(began);
        self.watch.event(&Event::Done {
            name: &result.name,
            equal: result.equal,
        });
        Ok(result)
    }

    fn recheck<'a>(&'a self, catch_up: &'a dyn CatchUp) -> Recheck<'a> {
        Recheck {
            source: &self.source,
            target: &self.target,
            writer: self.writer,
            catch_up,
            clock: self.clock,
            limit_ms: self.options.recheck_limit_ms,
        }
    }

    pub(super) const fn side(&self, side: Side) -> &dyn Rows {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    /// Buckets of the key's hash, summed from the parts of each side.
    async fn by_buckets(
        &self,
        forms: (&HashPlan, &HashPlan),
        buckets: u32,
        parts: [&[Region]; 2],
        result: &mut TableResult,
    ) -> PortResult<Mismatches> {
        let (ours, theirs) = self
            .in_a_pass(parts, |at| async move {
                let at = [at[0].as_deref(), at[1].as_deref()];
                self.add_up_both(forms, parts, buckets, at).await
            })
            .await?;
        let rows = |digests: &Digests| digests.values().map(|d| d.rows).sum::<u64>();
        (result.rows_source, result.rows_target) = (rows(&ours), rows(&theirs));
        result.chunks = Chunk::of_buckets(&ours, &theirs, buckets);
        let known = Search::new(buckets, suspects(&ours, &theirs), !forms.0.key.is_empty());
        drop((ours, theirs));
        let budget = MismatchBudget::new(self.options);
        let (found, more) = self.down_to_rows(forms, parts, known, &budget).await?;
        // Nothing writes, and yet what differed is gone: it is not known why, so the table does not count as equal.
        let vanished = self.catch_up.is_none() && found.is_empty();
        result.truncated |= more || vanished && result.chunks.iter().any(Chunk::differs);
        Ok(found)
    }

    pub(super) async fn add_up_both(
        &self,
        forms: (&HashPlan, &HashPlan),
        parts: [&[Region]; 2],
        buckets: u32,
        at: [Option<&Snapshot>; 2],
    ) -> PortResult<(Digests, Digests)> {
        futures::try_join!(
            self.add_up(Side::Source, forms.0, parts[0], buckets, at[0]),
            self.add_up(Side::Target, forms.1, parts[1], buckets, at[1])
        )
    }

    async fn add_up(
        &self,
        side: Side,
        form: &HashPlan,
        parts: &[Region],
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<Digests> {
        stream::iter(parts.to_vec())
            .map(|region| async move { self.digest(side, form, &region, buckets, at).await })
            .buffer_unordered(self.options.jobs.max(1))
            .try_fold(Digests::new(), |mut all, part| async move {
                for (bucket, digest) in part {
                    let sum = all.entry(bucket).or_default();
                    *sum = sum.plus(digest);
                }
                Ok(all)
            })
            .await
    }

    pub(super) async fn digest(
        &self,
        side: Side,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<Digests> {
        let database = self.side(side);
        let rows = |digests: &Digests| digests.values().map(|d| d.rows).sum();
        self.governed(side, database.digest(form, region, buckets, at), rows)
            .await
    }

    /// Runs work on a side when its server has capacity, and reports the rows that were read.
    pub(super) async fn governed<T>(
        &self,
        side: Side,
        work: impl Future<Output = PortResult<T>>,
        rows: impl Fn(&T) -> u64,
    ) -> PortResult<T> {
        self.governor
            .before(side, self.side(side), self.clock, self.watch)
            .await?;
        self.measured(side, work, rows).await
    }

    /// The same without waiting for capacity.
    pub(super) async fn measured<T>(
        &self,
        side: Side,
        work: impl Future<Output = PortResult<T>>,
        rows: impl Fn(&T) -> u64,
    ) -> PortResult<T> {
        let began = self.clock.now();
        let answer = work.await?;
        let rows = rows(&answer);
        self.watch.event(&Event::Rows { count: rows });
        let elapsed = self.clock.now().since(began);
        self.governor
            .after(side, rows, elapsed, self.clock, self.watch)
            .await;
        Ok(answer)
    }
}
