//! Snapshots, and how long they are held: meanwhile vacuum can remove no newer dead row in the whole database.

use std::ops::Deref;

use crossover_core::{
    UnixMillis,
    ports::{Clock, PortResult, Snapshot},
    routing::Side,
    rows::Region,
};

use super::{Comparison, Governor, read_again::read_again};
use crate::watch::{Event, Watch};

/// A snapshot of one side; it ends when this is dropped.
pub(super) struct Held<'a> {
    snapshot: Snapshot,
    side: Side,
    since: UnixMillis,
    clock: &'a dyn Clock,
    governor: &'a Governor,
    watch: &'a dyn Watch,
}

impl Deref for Held<'_> {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let age = self.clock.now().since(self.since);
        self.governor.snapshot_ended(self.side, age);
        self.watch.event(&Event::Snapshot {
            side: self.side,
            held: false,
        });
    }
}

impl<'a> Comparison<'a> {
    /// Runs one pass over a table. Rows that move between blocks would be read twice or not at all, so all parts of a side
    /// are read in one snapshot. A restart of the server ends the snapshot, and the pass starts again.
    pub(super) async fn in_a_pass<T, F>(
        &self,
        parts: [&[Region]; 2],
        work: impl Fn([Option<Held<'a>>; 2]) -> F + Send + Sync,
    ) -> PortResult<T>
    where
        F: Future<Output = PortResult<T>> + Send,
        T: Send,
    {
        let work = &work;
        read_again(self.clock, self.options.retry_timeout_ms, || async move {
            let snapshots = self.snapshots(parts).await?;
            work(snapshots).await
        })
        .await
    }

    /// A snapshot of each side where several statements have to read the same state.
    async fn snapshots(&self, parts: [&[Region]; 2]) -> PortResult<[Option<Held<'a>>; 2]> {
        if parts.iter().all(|parts| parts.len() <= 1) {
            return Ok([None, None]);
        }
        let (ours, theirs) =
            futures::try_join!(self.snapshot_of(Side::Source), self.snapshot_of(Side::Target))?;
        Ok([Some(ours), Some(theirs)])
    }

    /// A snapshot of one side, when its server has capacity.
    pub(super) async fn snapshot_of(&self, side: Side) -> PortResult<Held<'a>> {
        let database = self.side(side);
        self.governor
            .before(side, database, self.clock, self.watch)
            .await?;
        // A little too old at the end is better than too young.
        let since = self.clock.now();
        let snapshot = database.export_snapshot().await?;
        self.watch.event(&Event::Snapshot { side, held: true });
        Ok(Held {
            snapshot,
            side,
            since,
            clock: self.clock,
            governor: self.governor,
            watch: self.watch,
        })
    }
}
