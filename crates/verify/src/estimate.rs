//! The expected effort of a full comparison, from the statistics and a rate measured on the same servers.

mod measure;
mod sum;

use crossover_core::{Millis, plan::Scope, ports::PortError};
use serde::Serialize;

use crate::{
    distribute::Partitioning,
    prepared::PreparedTable,
    rows::{Comparison, Governor},
    run::{CouldNotRun, Sides, VerifyError, VerifyOptions, could_not_run, prepare},
    watch::{Event, Watch},
};
use measure::{Sample, measure, rate};
use sum::summed_up;

/// Number of tables that are measured, the largest first; the other tables get the average rate of the
/// measured ones.
const MEASURED_TABLES: usize = 12;

/// The share of one table.
#[derive(Debug, Clone, Serialize)]
pub struct TableEstimate {
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    pub chunks: u64,
    /// Invocations of the validate function that `statemachine/verify.asl.json` makes for this table.
    pub functions: u64,
    /// Rows per second of one chunk at a time, both sides at once; `None` if the table was not measured.
    pub rows_per_second: Option<f64>,
}

impl TableEstimate {
    /// The likely duration of one invocation; a table that was not measured is estimated with the given rate.
    pub fn function_minutes(&self, rows_per_second: f64) -> f64 {
        let rows = self.rows.div_ceil(self.functions.max(1)) as f64;
        rows / self.rows_per_second.unwrap_or(rows_per_second).max(1.0) / 60.0
    }
}

/// A figure with its lower and upper bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    pub low: f64,
    pub likely: f64,
    pub high: f64,
}

impl Range {
    #[must_use]
    pub fn scaled(self, by: f64) -> Self {
        Self {
            low: self.low * by,
            likely: self.likely * by,
            high: self.high * by,
        }
    }
}

/// The estimate of the whole comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Estimate {
    pub tables: Vec<TableEstimate>,
    pub could_not_run: Vec<CouldNotRun>,
    pub rows: u64,
    pub bytes: u64,
    pub chunks: u64,
    pub functions: u64,
    /// The likely duration of the longest invocation.
    pub longest_function_minutes: f64,
    /// Chunks compared at the same time: the functions that run at once.
    pub workers: u32,
    pub measured_rows: u64,
    pub rows_per_second: Range,
    pub hours: Range,
    /// The assumptions behind the figures.
    pub assumptions: Vec<String>,
    /// Reasons to doubt the plan or the figures.
    pub warnings: Vec<String>,
}

/// Estimates a comparison with `workers` concurrent chunks.
///
/// # Errors
/// As [`prepare`], and when no rate can be measured.
pub async fn estimate(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
    workers: u32,
    watch: &dyn Watch,
) -> Result<Estimate, VerifyError> {
    let mut prepared = prepare(sides, scope, options).await?;
    prepared.tables.sort_by_key(|t| std::cmp::Reverse(t.bytes()));
    let governor = Governor::new(options.max_load);
    let comparison = Comparison {
        catch_up: None,
        ..sides.comparison(&options.rows, &governor, watch)
    };
    let sharing = Partitioning::default();
    let all_rows = prepared.tables.iter().map(PreparedTable::rows).sum();
    let rows_each = sharing.rows_each(options.rows.chunk_rows, all_rows);
    let mut samples: Vec<Sample> = Vec::new();
    let mut tables = Vec::with_capacity(prepared.tables.len());
    for (place, table) in prepared.tables.iter().enumerate() {
        let rows = table.rows();
        let mut estimate = TableEstimate {
            name: table.table.to_string(),
            rows,
            bytes: table.bytes(),
            chunks: rows.div_ceil(options.rows.chunk_rows).max(1),
            functions: rows.div_ceil(rows_each).max(1),
            rows_per_second: None,
        };
        if place < MEASURED_TABLES && rows > 0 {
            watch.event(&Event::Table { name: &estimate.name });
            let measured = match measure(&comparison, table).await {
                Ok(measured) => measured,
                // A table that cannot be read is reported; a server that does not answer ends the estimate.
                Err(error @ (PortError::Refused { .. } | PortError::Missing { .. })) => {
                    prepared.could_not_run.push(could_not_run(&table.table, &error));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if measured.by_blocks && rows <= sharing.unordered_rows {
                estimate.functions = 1;
            }
            let (counted, ms) = measured
                .samples
                .iter()
                .fold((0, Millis(0)), |(rows, elapsed), sample| {
                    (rows + sample.rows, elapsed + sample.elapsed)
                });
            if counted > 0 {
                estimate.rows_per_second = Some(rate(counted, ms));
            }
            samples.extend(measured.samples);
        }
        tables.push(estimate);
    }
    Ok(summed_up(
        tables,
        prepared.could_not_run,
        &samples,
        (options.rows.jobs, workers.max(1)),
    ))
}
