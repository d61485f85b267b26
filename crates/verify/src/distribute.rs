//! The same comparison in parts for different functions: a list of partitions, each compared separately.

use crossover_core::{
    catalogue::TableName,
    plan::Scope,
    ports::PortResult,
    rows::{Bounds, Hashing, RowOptions, negotiate},
};
use serde::{Deserialize, Serialize};

use crate::{
    prepared::PreparedTable,
    rows::{Comparison, Governor, Layout, Ranges, Selection, TableResult},
    run::{CouldNotRun, Sides, VerifyError, VerifyOptions, prepare},
    watch::Watch,
};

/// How the work is shared among functions, each of which has a limit of 15 minutes.
#[derive(Debug, Clone, Copy)]
pub struct Partitioning {
    /// Approximate number of partitions in one list: with their names and bounds they fit the 256 KiB of a
    /// state machine's state.
    pub most: u64,
    /// A table whose rows are not stored in the order of their key is one partition up to this many rows,
    /// because each side has its own blocks. A larger table is shared by ranges of the key, although this
    /// needs random reads. The default takes eight minutes at a fifth of the rate in docs/verify.md.
    pub unordered_rows: u64,
}

impl Default for Partitioning {
    fn default() -> Self {
        Self {
            most: 1_000,
            unordered_rows: 100_000_000,
        }
    }
}

impl Partitioning {
    /// Number of rows a partition should have.
    pub(crate) fn rows_each(&self, chunk_rows: u64, rows: u64) -> u64 {
        chunk_rows.max(rows / self.most.max(1))
    }

    /// The parts of one table.
    pub(crate) async fn pieces(
        &self,
        comparison: &Comparison<'_>,
        table: &PreparedTable,
    ) -> PortResult<Vec<Bounds>> {
        let shapes = (&table.shapes.0, &table.shapes.1);
        let forms = (&table.forms.0, &table.forms.1);
        match comparison.layout(shapes, forms).await? {
            Layout::Ranges(ranges) => Ok(ranges.joined(comparison.options.chunk_rows)),
            Layout::Buckets { .. } if table.rows() > self.unordered_rows => {
                comparison.key_ranges(shapes, forms).await
            }
            Layout::Buckets { .. } => Ok(vec![Bounds::default()]),
        }
    }
}

/// One part: a range of a table's key, or the whole table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    pub table: TableName,
    /// The first key of this range and of the next range, as text; `None` for an open end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    pub hashing: Hashing,
    pub seed: i64,
}

/// Divides all tables into partitions.
///
/// # Errors
/// As [`prepare`].
pub async fn plan_partitions(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
    sharing: Partitioning,
    watch: &dyn Watch,
) -> Result<(Vec<Partition>, Vec<CouldNotRun>), VerifyError> {
    let prepared = prepare(sides, scope, options).await?;
    let rows = prepared.tables.iter().map(PreparedTable::rows).sum();
    let mut wide = options.clone();
    wide.rows.chunk_rows = sharing.rows_each(options.rows.chunk_rows, rows);
    let governor = Governor::new(options.max_load);
    let comparison = sides.comparison(&wide.rows, &governor, watch);
    let mut list = Vec::new();
    for table in &prepared.tables {
        let pieces = sharing.pieces(&comparison, table).await?;
        list.extend(pieces.into_iter().map(|bounds| Partition {
            table: table.table.clone(),
            from: bounds.from,
            to: bounds.to,
            hashing: prepared.hashing,
            seed: prepared.seed,
        }));
    }
    Ok((list, prepared.could_not_run))
}

/// Compares one partition.
///
/// # Errors
/// The table is missing or has changed so that its rows cannot be compared; a server does not answer.
pub async fn compare_partition(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
    partition: &Partition,
    watch: &dyn Watch,
) -> Result<TableResult, VerifyError> {
    let (source, target) = futures::try_join!(sides.source.shapes(scope), sides.target.shapes(scope))?;
    let pairs = Selection::default().pairs(source, target)?;
    let pair = pairs.into_iter().find(|pair| pair.table == partition.table);
    let Some((source, target)) = pair.and_then(|pair| pair.source.zip(pair.target)) else {
        return Err(VerifyError::UnknownTables(crate::rows::UnknownTables(vec![
            partition.table.to_string(),
        ])));
    };
    let row_options = RowOptions {
        hashing: partition.hashing,
        seed: partition.seed,
        condition: options.condition.clone(),
    };
    let (ours, theirs) = negotiate(&source, &target, &row_options)?;
    let governor = Governor::new(options.max_load);
    let comparison = sides.comparison(&options.rows, &governor, watch);
    let bounds = Bounds {
        from: partition.from.clone(),
        to: partition.to.clone(),
    };
    let layout = (bounds != Bounds::default()).then(|| {
        Layout::Ranges(Ranges {
            bounds: vec![bounds],
            rows: 0,
            chunk_rows: u64::MAX,
            // Rows that are stored elsewhere belong to other functions, which use other snapshots.
            by_disk: [false; 2],
        })
    });
    Ok(comparison
        .table_by((&source, &target), (&ours, &theirs), layout)
        .await?)
}
