//! The whole finding, as the JSON report has it.

use std::collections::BTreeSet;

use crossover_core::plan::Scope;
use serde::Serialize;

use crate::{
    rows::TableResult,
    run::{CouldNotRun, RowsReport, Sides, VerifyError, VerifyOptions, compare_rows},
    watch::Watch,
};

/// What a comparison found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Nothing differs and everything was compared.
    pub equal: bool,
    pub tables: Vec<TableResult>,
    pub could_not_run: Vec<CouldNotRun>,
    pub elapsed_ms: u64,
}

impl Report {
    /// Puts what was found about some tables' rows later in the place of what was found before.
    pub fn take_again(&mut self, later: RowsReport, later_ms: u64) {
        // Every part by its name: a new one has to be thought about here, because the verdict is made again.
        let Self {
            equal,
            tables,
            could_not_run,
            elapsed_ms,
        } = self;
        let names = later.tables.iter().map(|t| &t.name);
        let again: BTreeSet<String> = names
            .chain(later.could_not_run.iter().map(|t| &t.name))
            .cloned()
            .collect();
        tables.retain(|t| !again.contains(&t.name));
        could_not_run.retain(|t| !again.contains(&t.name));
        tables.extend(later.tables);
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        could_not_run.extend(later.could_not_run);
        could_not_run.sort_by(|a, b| a.name.cmp(&b.name));
        *elapsed_ms += later_ms;
        *equal = could_not_run.is_empty() && tables.iter().all(|t| t.equal);
    }

    /// Leaves the values of rows out; keys and names of columns stay.
    pub fn without_values(&mut self) {
        for difference in self.tables.iter_mut().flat_map(|t| &mut t.differences) {
            difference.source = None;
            difference.target = None;
        }
    }
}

/// Compares two databases.
///
/// # Errors
/// Names without a table, all at once; a server that does not answer.
pub async fn verify(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
    watch: &dyn Watch,
) -> Result<Report, VerifyError> {
    let began = sides.clock.now_ms();
    let rows = compare_rows(sides, scope, options, watch).await?;
    Ok(Report {
        equal: rows.is_equal(),
        tables: rows.tables,
        could_not_run: rows.could_not_run,
        elapsed_ms: sides.clock.now_ms().saturating_sub(began),
    })
}
