//! One side's rows, asked again while its server is away.

use std::collections::BTreeMap;

use async_trait::async_trait;
use crossover_core::{
    Millis,
    plan::Scope,
    ports::{Clock, PortError, PortResult, Rows, Snapshot},
    routing::Side,
    rows::{
        BlockRange, BlockRangeDigest, BucketSet, ColumnStatistics, HashPlan, HashingFacts, Region, RowDigest,
        RowHash, RowKey, RowShown, RowValues, TableShape,
    },
};

use super::{Governor, presence::Change};
use crate::watch::{Event, Watch};

const FIRST_WAIT: Millis = Millis(100);
const LONGEST_WAIT: Millis = Millis(2_000);

/// A side whose server may be away for a while. A statement is repeated until the server answers or is given up;
/// a statement over a snapshot is not, because the snapshot ended with the server: the caller reads again.
#[derive(Clone, Copy)]
pub struct Attended<'a> {
    pub rows: &'a dyn Rows,
    pub side: Side,
    pub governor: &'a Governor,
    pub clock: &'a dyn Clock,
    pub watch: &'a dyn Watch,
    /// How long the server may be away.
    pub patience: Millis,
}

impl Attended<'_> {
    async fn ask<T, F>(&self, at: Option<&Snapshot>, mut work: impl FnMut() -> F + Send) -> PortResult<T>
    where
        F: Future<Output = PortResult<T>> + Send,
    {
        let presence = self.governor.presence();
        let mut wait = FIRST_WAIT;
        let mut since = None;
        loop {
            if let Some(error) = presence.given_up(self.side) {
                return Err(error);
            }
            let error = match work().await {
                Err(error @ PortError::Unreachable { .. }) => error,
                answer => {
                    if presence.answered(self.side) {
                        self.watch.event(&Event::Answers { side: self.side });
                    }
                    return answer;
                }
            };
            let now = self.clock.now();
            match presence.failed(self.side, &error, now, self.patience) {
                Change::WentAway => self.watch.event(&Event::Away {
                    side: self.side,
                    reason: &error.to_string(),
                    patience: self.patience,
                }),
                Change::StillAway => {}
                Change::GivenUp => {
                    let said = presence.given_up(self.side).unwrap_or(error);
                    self.watch.event(&Event::GivenUp {
                        side: self.side,
                        reason: &said.to_string(),
                    });
                    return Err(said);
                }
            }
            if at.is_some() {
                return Err(PortError::read_again(
                    "a snapshot",
                    format!("it ended with its server: {error}"),
                ));
            }
            // The server may answer others, and end whenever it is asked this.
            if now.since(*since.get_or_insert(now)) >= self.patience {
                return Err(error);
            }
            self.clock.sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

#[async_trait]
impl Rows for Attended<'_> {
    async fn shapes(&self, scope: &Scope) -> PortResult<Vec<TableShape>> {
        self.ask(None, || self.rows.shapes(scope)).await
    }

    async fn hashing(&self) -> PortResult<HashingFacts> {
        self.ask(None, || self.rows.hashing()).await
    }

    async fn column_statistics(&self, form: &HashPlan) -> PortResult<ColumnStatistics> {
        self.ask(None, || self.rows.column_statistics(form)).await
    }

    async fn export_snapshot(&self) -> PortResult<Snapshot> {
        self.ask(None, || self.rows.export_snapshot()).await
    }

    async fn active_sessions(&self) -> PortResult<u32> {
        self.ask(None, || self.rows.active_sessions()).await
    }

    async fn digest(
        &self,
        form: &HashPlan,
        region: &Region,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<BTreeMap<u32, RowDigest>> {
        self.ask(at, || self.rows.digest(form, region, buckets, at)).await
    }

    async fn digests(&self, forms: &[&HashPlan]) -> PortResult<Vec<RowDigest>> {
        self.ask(None, || self.rows.digests(forms)).await
    }

    async fn begins(&self, form: &HashPlan, cuts: &[i64], at: &Snapshot) -> PortResult<Option<Vec<u32>>> {
        self.ask(Some(at), || self.rows.begins(form, cuts, at)).await
    }

    async fn block_range(
        &self,
        form: &HashPlan,
        block_range: &BlockRange,
        at: &Snapshot,
    ) -> PortResult<BlockRangeDigest> {
        self.ask(Some(at), || self.rows.block_range(form, block_range, at))
            .await
    }

    async fn digests_in(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        buckets: u32,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<(u32, RowDigest)>> {
        self.ask(at, || self.rows.digests_in(form, region, within, buckets, at))
            .await
    }

    async fn rows_in(
        &self,
        form: &HashPlan,
        region: &Region,
        within: &BucketSet,
        at: Option<&Snapshot>,
    ) -> PortResult<Vec<RowHash>> {
        self.ask(at, || self.rows.rows_in(form, region, within, at)).await
    }

    async fn rows_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowHash>> {
        self.ask(None, || self.rows.rows_of(form, keys)).await
    }

    async fn values_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowValues>> {
        self.ask(None, || self.rows.values_of(form, keys)).await
    }

    async fn shown_of(&self, form: &HashPlan, keys: &[RowKey]) -> PortResult<Vec<RowShown>> {
        self.ask(None, || self.rows.shown_of(form, keys)).await
    }
}
