//! Small tables, many in one statement: a statement of its own costs a small table more than its rows do.

use std::collections::BTreeMap;

use crossover_core::{
    catalogue::TableName,
    ports::PortResult,
    routing::Side,
    rows::{HashPlan, RowDigest},
};
use futures::{StreamExt, stream};

use super::{Comparison, TableResult, chunk::Chunk, chunk::Digests, chunks::BUCKET_ROWS};
use crate::{prepared::PreparedTable, watch::Event};

/// Tables in one statement. Each takes a lock, as does each of its indexes, and a server has places for some
/// thousands.
const TABLES: usize = 64;
/// Bytes of a small table, its free space map and empty TOAST table included.
const BYTES: u64 = 1 << 20;

impl PreparedTable {
    fn is_small(&self) -> bool {
        let partitioned = self.shapes.0.partitioned || self.shapes.1.partitioned;
        !partitioned && self.bytes() <= BYTES && self.rows() <= BUCKET_ROWS
    }
}

impl Comparison<'_> {
    /// The results of the small tables that are equal. All others are left to a comparison of their own: those that
    /// differ, those that have become large, and all of a statement that fails, which may be the fault of one.
    pub(crate) async fn small_and_equal(&self, tables: &[PreparedTable]) -> BTreeMap<TableName, TableResult> {
        let small: Vec<usize> = (0..tables.len())
            .filter(|place| tables[*place].is_small())
            .collect();
        // By their places: a closure over references is not general enough for an async block.
        let statements: Vec<Vec<usize>> = small.chunks(TABLES).map(<[_]>::to_vec).collect();
        stream::iter(statements)
            .map(|places| async move {
                let tables: Vec<&PreparedTable> = places.iter().map(|place| &tables[*place]).collect();
                self.equal_among(&tables).await.unwrap_or_default()
            })
            .buffer_unordered(self.options.jobs.max(1))
            .concat()
            .await
            .into_iter()
            .map(|result| (result.table.clone(), result))
            .collect()
    }

    async fn equal_among(&self, tables: &[&PreparedTable]) -> PortResult<Vec<TableResult>> {
        let began = self.clock.now();
        let (ours, theirs) = futures::try_join!(
            self.wholes(Side::Source, tables),
            self.wholes(Side::Target, tables)
        )?;
        let each_ms = self.clock.now().since(began) / tables.len().max(1) as u64;
        let pairs = tables.iter().zip(ours.into_iter().zip(theirs));
        let equal = pairs.filter(|(_, (ours, theirs))| ours == theirs && ours.rows <= BUCKET_ROWS);
        let results = equal.map(|(table, (ours, theirs))| {
            let mut result = Self::begun((&table.forms.0, &table.forms.1));
            self.watch.event(&Event::Table { name: &result.name });
            self.watch.event(&Event::Rows {
                count: ours.rows + theirs.rows,
            });
            (result.rows_source, result.rows_target) = (ours.rows, theirs.rows);
            let digests = |digest: RowDigest| Digests::from([(0, digest)]);
            result.chunks = Chunk::of_buckets(&digests(ours), &digests(theirs), 1);
            result.elapsed_ms = each_ms;
            self.watch.event(&Event::Done {
                name: &result.name,
                equal: true,
            });
            result
        });
        Ok(results.collect())
    }

    async fn wholes(&self, side: Side, tables: &[&PreparedTable]) -> PortResult<Vec<RowDigest>> {
        let database = self.side(side);
        self.governor
            .before(side, database, self.clock, self.watch)
            .await?;
        let forms: Vec<&HashPlan> = tables.iter().map(|table| table.form_of(side)).collect();
        database.digests(&forms).await
    }
}
