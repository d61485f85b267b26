//! A whole comparison: every table of both sides.

use std::collections::BTreeMap;

use crossover_core::{
    Millis,
    catalogue::TableName,
    plan::Scope,
    ports::{Clock, PortError, PortResult, Refusal, Rows},
    routing::Side,
    rows::{Disagreement, Hashing, HashingFacts, RowOptions, TableShape, negotiate},
};
use serde::Serialize;

use crate::{
    cause::Cause,
    local_parts,
    prepared::PreparedTable,
    rows::{
        Attended, CatchUp, Comparison, Difference, Governor, RowsOptions, Selection, TablePair, TableResult,
        UnknownTables, VALUES_KEPT,
    },
    watch::{Event, Watch},
};

/// Selection and options of a comparison.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    pub selection: Selection,
    pub rows: RowsOptions,
    /// Only rows that meet this SQL condition; the table is called `q` in it.
    pub condition: Option<String>,
    /// How to hash; `None` for the best method that both servers support.
    pub hashing: Option<Hashing>,
    /// Count rows instead of comparing them.
    pub quick: bool,
    /// Compare only rows.
    pub rows_only: bool,
    /// No new chunk begins on a server while more than this number of other sessions are active there.
    pub max_load: Option<u32>,
}

/// The two sides.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    pub source: &'a dyn Rows,
    pub target: &'a dyn Rows,
    /// The side the application writes to.
    pub writer: Side,
    /// How to wait for the follower; `None` if no session writes.
    pub catch_up: Option<&'a dyn CatchUp>,
    pub clock: &'a dyn Clock,
}

impl<'a> Sides<'a> {
    /// Both sides, asked again while their servers are away.
    pub(crate) const fn attended<'b>(
        &self,
        patience: Millis,
        governor: &'b Governor,
        watch: &'b dyn Watch,
    ) -> (Attended<'b>, Attended<'b>)
    where
        'a: 'b,
    {
        let source = Attended {
            rows: self.source,
            side: Side::Source,
            governor,
            clock: self.clock,
            watch,
            patience,
        };
        let target = Attended {
            rows: self.target,
            side: Side::Target,
            ..source
        };
        (source, target)
    }

    /// The comparison of tables of these two sides.
    pub(crate) fn comparison<'b>(
        &self,
        options: &'b RowsOptions,
        governor: &'b Governor,
        watch: &'b dyn Watch,
    ) -> Comparison<'b>
    where
        'a: 'b,
    {
        let (source, target) = self.attended(options.retry_timeout_ms, governor, watch);
        Comparison {
            source,
            target,
            clock: self.clock,
            options,
            governor,
            watch,
            catch_up: self.catch_up,
            writer: self.writer,
        }
    }
}

/// A table whose rows could not be compared: its state is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CouldNotRun {
    pub name: String,
    pub reason: String,
    /// The remedy of the cause, unless the caller has a more exact one.
    pub remedy: String,
    #[serde(skip)]
    pub cause: Cause,
}

impl CouldNotRun {
    pub(crate) fn new(name: impl Into<String>, reason: impl Into<String>, cause: Cause) -> Self {
        let name = name.into();
        Self {
            remedy: cause.remedy(&name),
            reason: reason.into(),
            name,
            cause,
        }
    }
}

/// The longest time that a snapshot of each side was held, in which vacuum could remove no newer dead row; 0 without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LongestSnapshots {
    pub source_ms: Millis,
    pub target_ms: Millis,
}

impl LongestSnapshots {
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            source_ms: self.source_ms.max(other.source_ms),
            target_ms: self.target_ms.max(other.target_ms),
        }
    }
}

/// The result for the rows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RowsReport {
    pub tables: Vec<TableResult>,
    pub could_not_run: Vec<CouldNotRun>,
    /// Tables for which the best method was not available, with the reason.
    pub notes: Vec<String>,
    pub longest_snapshots: LongestSnapshots,
    /// Tables that exist on a side and were not selected.
    #[serde(skip)]
    pub left_out: Vec<TableName>,
    /// Seed of this run's hash chain.
    #[serde(skip)]
    pub seed: i64,
    /// Bytes of the values that the differences keep.
    #[serde(skip)]
    kept: u64,
}

impl RowsReport {
    /// Adds a table, or why it could not be compared.
    fn add(&mut self, table: &TableName, compared: PortResult<TableResult>, wanted: bool) {
        match compared {
            Ok(result) => self.take(result, wanted),
            Err(error) => self.could_not_run.push(could_not_run(table, &error)),
        }
    }

    /// Adds the result of a table, and says so if it has wanted values that are not kept: all tables together keep no
    /// more than one table may.
    pub(crate) fn take(&mut self, mut result: TableResult, wanted: bool) {
        let bytes: u64 = result.differences.iter().map(Difference::values_bytes).sum();
        if self.kept + bytes > VALUES_KEPT {
            result.differences.iter_mut().for_each(Difference::without_values);
        } else {
            self.kept += bytes;
        }
        let left_out = result.differences.iter().filter(|d| d.lacks_values()).count();
        if wanted && left_out > 0 {
            self.notes.push(format!(
                "{}: the values of {left_out} rows that differ are left out: at most {} MiB of values are kept",
                result.name,
                VALUES_KEPT >> 20
            ));
        }
        self.tables.push(result);
    }

    /// Whether every table was compared and is equal.
    pub fn is_equal(&self) -> bool {
        self.could_not_run.is_empty() && self.tables.iter().all(|t| t.equal)
    }
}

/// Why no table was compared.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    UnknownTables(#[from] UnknownTables),
    #[error(
        "no table was compared: both databases are empty in the scope, or everything is excluded; check that these are the right databases"
    )]
    Nothing,
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    #[error(transparent)]
    Port(#[from] PortError),
}

/// The tables of both sides with their common forms, and the reasons why others cannot be compared.
pub struct Prepared {
    pub tables: Vec<PreparedTable>,
    pub could_not_run: Vec<CouldNotRun>,
    /// Tables that exist on a side and were not selected.
    pub left_out: Vec<TableName>,
    pub hashing: Hashing,
    pub seed: i64,
    /// Tables for which the best method was not available, with the reason.
    pub notes: Vec<String>,
}

/// Reads both catalogues and chooses a form for every selected table.
///
/// # Errors
/// Names that match no table, all at once; no table at all, which proves nothing; a server that does not
/// answer.
pub async fn prepare(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
) -> Result<Prepared, VerifyError> {
    let best = async |side: &dyn Rows| side.hashing().await;
    let (source, target, ours, theirs) = futures::try_join!(
        sides.source.shapes(scope),
        sides.target.shapes(scope),
        best(sides.source),
        best(sides.target)
    )?;
    let mut notes = Vec::new();
    let hashing = common_hashing(options.hashing, &ours, &theirs, &mut notes);
    let row_options = RowOptions {
        hashing,
        // A number that no other run uses.
        seed: uuid::Uuid::new_v4().as_u64_pair().0.cast_signed(),
        condition: options.condition.clone(),
    };
    let mut prepared = Prepared {
        tables: Vec::new(),
        could_not_run: Vec::new(),
        left_out: Vec::new(),
        hashing,
        seed: row_options.seed,
        notes,
    };
    for pair in options.selection.pairs(source, target)? {
        if !options.selection.holds(&pair.table) {
            prepared.left_out.push(pair.table);
            continue;
        }
        match forms(pair, &row_options, options.quick) {
            Ok(table) => prepared.tables.push(table),
            Err(reason) => prepared.could_not_run.push(reason),
        }
    }
    if prepared.tables.is_empty() && prepared.could_not_run.is_empty() {
        return Err(VerifyError::Nothing);
    }
    Ok(prepared)
}

/// The best method of hashing that both sides support.
fn common_hashing(
    wanted: Option<Hashing>,
    ours: &HashingFacts,
    theirs: &HashingFacts,
    notes: &mut Vec<String>,
) -> Hashing {
    let mut hashing = ours.best.common(theirs.best);
    for (side, facts) in [("source", ours), ("target", theirs)] {
        if facts.best != Hashing::TypedHash {
            notes.push(format!(
                "the hash functions of the {side} return unexpected values for known inputs; rows are compared by {}",
                hashing.as_str()
            ));
        }
    }
    if ours.encoding != theirs.encoding {
        hashing = Hashing::Stream;
        notes.push(format!(
            "the encodings differ ({} on the source, {} on the target): rows are streamed and compared as UTF-8",
            ours.encoding, theirs.encoding
        ));
    }
    wanted.map_or(hashing, |wanted| wanted.common(hashing))
}

fn forms(pair: TablePair, options: &RowOptions, quick: bool) -> Result<PreparedTable, CouldNotRun> {
    let name = pair.table.to_string();
    let (source, target) = match (pair.source, pair.target) {
        (Some(source), Some(target)) => (source, target),
        (source, _) => {
            let side = if source.is_none() { "source" } else { "target" };
            let reason = format!("the {side} has no such table");
            return Err(CouldNotRun::new(name, reason, Cause::NoSuchTable));
        }
    };
    let hidden: Vec<&str> = [("source", &source), ("target", &target)]
        .into_iter()
        .filter_map(|(side, shape)| shape.rows_hidden.then_some(side))
        .collect();
    if !hidden.is_empty() {
        let reason = format!(
            "row-level security hides its rows from the role of the connection on the {}",
            hidden.join(" and the ")
        );
        return Err(CouldNotRun::new(name, reason, Cause::HiddenRows));
    }
    let (mut ours, mut theirs) = negotiate(&source, &target, options)
        .map_err(|disagreement| CouldNotRun::new(name, disagreement.to_string(), Cause::NoCommonForm))?;
    if quick {
        for form in [&mut ours, &mut theirs] {
            form.columns.clear();
            form.key.clear();
        }
    }
    Ok(PreparedTable {
        table: pair.table,
        shapes: (source, target),
        forms: (ours, theirs),
    })
}

/// Compares the rows of all selected tables. A table that cannot be read does not stop the others.
///
/// # Errors
/// As [`prepare`].
pub async fn compare_rows(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
    watch: &dyn Watch,
) -> Result<RowsReport, VerifyError> {
    let governor = Governor::new(options.max_load);
    let (source, target) = sides.attended(options.rows.retry_timeout_ms, &governor, watch);
    let attended = Sides {
        source: &source,
        target: &target,
        ..*sides
    };
    let prepared = prepare(&attended, scope, options).await?;
    // Tables that cannot be compared are reported before hours are spent on the rest.
    for table in &prepared.could_not_run {
        watch.event(&Event::NotCompared {
            name: &table.name,
            reason: &table.reason,
            remedy: &table.remedy,
        });
    }
    let rows = |shape: &TableShape| shape.estimated_rows;
    watch.event(&Event::Planned {
        tables: prepared.tables.len(),
        rows: prepared
            .tables
            .iter()
            .map(|t| rows(&t.shapes.0) + rows(&t.shapes.1))
            .sum(),
    });
    let comparison = sides.comparison(&options.rows, &governor, watch);
    let mut report = RowsReport {
        tables: Vec::with_capacity(prepared.tables.len()),
        could_not_run: prepared.could_not_run,
        notes: prepared.notes,
        longest_snapshots: LongestSnapshots::default(),
        left_out: prepared.left_out,
        seed: prepared.seed,
        kept: 0,
    };
    let mut equal = if options.quick {
        BTreeMap::new()
    } else {
        comparison.small_and_equal(&prepared.tables).await
    };
    for table in &prepared.tables {
        if let Some(result) = equal.remove(&table.table) {
            report.take(result, false);
            continue;
        }
        match one(&comparison, table, options.quick).await {
            Err(error) if is_elsewhere(&error) && local_parts::are_some(table) => {
                let (parts, missing) = local_parts::of(table);
                for part in &parts {
                    let compared = one(&comparison, part, options.quick).await;
                    report.add(&part.table, compared, options.rows.values);
                }
                let whole = could_not_run(&table.table, &error);
                let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
                let reason = format!(
                    "its partitions {} were not read: {}",
                    missing.join(", "),
                    whole.reason
                );
                report.could_not_run.push(CouldNotRun { reason, ..whole });
            }
            compared => report.add(&table.table, compared, options.rows.values),
        }
    }
    report.could_not_run.sort_by(|a, b| a.name.cmp(&b.name));
    report.longest_snapshots = LongestSnapshots {
        source_ms: governor.longest_snapshot(Side::Source),
        target_ms: governor.longest_snapshot(Side::Target),
    };
    Ok(report)
}

/// Whether a server could not fetch rows from another one.
const fn is_elsewhere(error: &PortError) -> bool {
    matches!(
        error,
        PortError::Refused {
            about: Refusal::OtherServer,
            ..
        }
    )
}

pub(crate) async fn one(
    comparison: &Comparison<'_>,
    table: &PreparedTable,
    quick: bool,
) -> PortResult<TableResult> {
    let shapes = (&table.shapes.0, &table.shapes.1);
    let forms = (&table.forms.0, &table.forms.1);
    if quick {
        comparison.count(forms).await
    } else {
        comparison.table(shapes, forms).await
    }
}

pub(crate) fn could_not_run(table: &TableName, error: &PortError) -> CouldNotRun {
    CouldNotRun::new(table.to_string(), error.to_string(), Cause::of(error))
}
