//! The complete result of a comparison, as in the JSON report.

use crossover_core::{
    Millis, UnixMillis,
    plan::Scope,
    ports::Catalogue,
    schema::{
        BeyondRows, NotCompared, SchemaDifference, SequencePair, Severity, StaleStatistics, TableWithoutKey,
        beyond_rows,
    },
};
use serde::Serialize;

use crate::{
    cause::Cause,
    rows::TableResult,
    run::{CouldNotRun, LongestSnapshots, RowsReport, Sides, VerifyError, VerifyOptions, compare_rows},
    watch::Watch,
};

/// The result of a comparison.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// No row differs and everything was compared.
    pub equal: bool,
    pub tables: Vec<TableResult>,
    /// Objects that differ between the sides; warnings alone do not make the databases different.
    pub schema_differences: Vec<SchemaDifference>,
    /// Every sequence of either side, and whether the target's position is beyond the source's. A sequence
    /// that would issue values already in use makes the databases different as soon as the target is the
    /// writer.
    pub sequences: Vec<SequencePair>,
    /// Tables without a primary key.
    pub primary_keys: Vec<TableWithoutKey>,
    /// Tables of the target whose statistics are out of date.
    pub statistics: Vec<StaleStatistics>,
    /// What the databases have and no comparison reads: the contents of materialized views, large objects, …
    pub not_compared: Vec<NotCompared>,
    pub could_not_run: Vec<CouldNotRun>,
    /// Notes on tables for which the best method of comparison was not available, with the reason.
    pub notes: Vec<String>,
    pub elapsed_ms: Millis,
    pub longest_snapshots: LongestSnapshots,
    /// Hash of each side's schema; `None` where only rows were compared.
    #[serde(skip)]
    pub fingerprints: Option<(String, String)>,
    /// Seed of this run's hash chain.
    #[serde(skip)]
    pub seed: i64,
    /// Start of the comparison.
    #[serde(skip)]
    pub began_ms: UnixMillis,
    /// Condition for the compared rows; `None` if all rows were compared.
    #[serde(skip)]
    pub condition: Option<String>,
    /// Names of source and target, if the caller supplied them.
    #[serde(skip)]
    pub databases: Option<(String, String)>,
}

impl Report {
    /// Replaces the earlier results of some tables with later ones.
    pub fn take_again(&mut self, later: RowsReport, later_ms: Millis) {
        let again = |name: &str| later.tables.iter().any(|t| t.name == name);
        let failed = |name: &str| later.could_not_run.iter().any(|t| t.name == name);
        self.tables.retain(|t| !again(&t.name) && !failed(&t.name));
        self.could_not_run.retain(|t| !again(&t.name) && !failed(&t.name));
        self.tables.extend(later.tables);
        self.tables.sort_by(|a, b| a.name.cmp(&b.name));
        self.could_not_run.extend(later.could_not_run);
        self.could_not_run.sort_by(|a, b| a.name.cmp(&b.name));
        self.elapsed_ms += later_ms;
        self.longest_snapshots = self.longest_snapshots.max(later.longest_snapshots);
        self.equal = self.is_equal();
    }

    fn is_equal(&self) -> bool {
        self.could_not_run.is_empty() && !self.is_different()
    }

    /// Whether a difference is proven: it remains one even if other tables could not be compared.
    pub fn is_different(&self) -> bool {
        self.tables.iter().any(|t| !t.equal)
            || self
                .schema_differences
                .iter()
                .any(|d| d.severity == Severity::Error)
            || self.sequences.iter().any(|s| s.severity == Some(Severity::Error))
            || self.could_not_run.iter().any(|c| c.cause.is_difference())
    }

    /// Removes the values of rows; keys and names of columns stay.
    pub fn without_values(&mut self) {
        for difference in self.tables.iter_mut().flat_map(|t| &mut t.differences) {
            difference.without_values();
        }
    }
}

/// Compares two databases: rows, and everything else that has to be equal before the target can become the
/// writer.
///
/// # Errors
/// Names that match no table, all at once; a server that does not answer.
pub async fn verify(
    sides: &Sides<'_>,
    catalogues: (&dyn Catalogue, &dyn Catalogue),
    scope: &Scope,
    options: &VerifyOptions,
    watch: &dyn Watch,
) -> Result<Report, VerifyError> {
    let began = sides.clock.now();
    let rows = compare_rows(sides, scope, options, watch).await?;
    let mut could_not_run = rows.could_not_run.clone();
    let beyond = if options.rows_only {
        None
    } else {
        // Objects that are not selected are not judged.
        let scope = scope.without(&rows.left_out);
        match beyond_rows(catalogues.0, catalogues.1, &scope, sides.writer).await {
            Ok(beyond) => Some(beyond),
            Err(error) => {
                could_not_run.push(CouldNotRun::new(
                    "schema",
                    error.to_string(),
                    Cause::of_catalogue(&error),
                ));
                None
            }
        }
    };
    let fingerprints = beyond
        .as_ref()
        .map(|b| (b.fingerprint_source.clone(), b.fingerprint_target.clone()));
    let beyond = beyond.unwrap_or_else(nothing);
    let mut report = Report {
        equal: false,
        tables: rows.tables,
        schema_differences: beyond.schema_differences,
        sequences: beyond.sequences,
        primary_keys: beyond.primary_keys,
        statistics: beyond.statistics,
        not_compared: beyond.not_compared,
        could_not_run,
        notes: rows.notes,
        elapsed_ms: sides.clock.now().since(began),
        longest_snapshots: rows.longest_snapshots,
        fingerprints,
        seed: rows.seed,
        began_ms: began,
        condition: options.condition.clone(),
        databases: None,
    };
    report.equal = report.is_equal();
    Ok(report)
}

const fn nothing() -> BeyondRows {
    BeyondRows {
        schema_differences: Vec::new(),
        sequences: Vec::new(),
        primary_keys: Vec::new(),
        statistics: Vec::new(),
        not_compared: Vec::new(),
        fingerprint_source: String::new(),
        fingerprint_target: String::new(),
    }
}
