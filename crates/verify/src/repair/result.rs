//! Results of a repair, row by row.

use std::collections::BTreeMap;

use crossover_core::rows::{Action, RowKey};
use serde::Serialize;

use super::{RepairPlan, TablePlan};
use crate::run::CouldNotRun;

/// The outcome for a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The row was not tried.
    Planned,
    Repaired,
    /// The row has changed on the source; the change stream brings the newer version.
    SkippedChangedOnSource,
    /// Another session has written the row since the comparison.
    SkippedChangedOnTarget,
    Failed {
        reason: String,
    },
}

/// A row that was to be repaired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RowResult {
    pub table: String,
    pub key: BTreeMap<String, String>,
    /// `None` if no statement can repair the row.
    pub action: Option<Action>,
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The row was repaired and differs again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub different_again: bool,
}

/// Number of rows by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Totals {
    pub planned: usize,
    pub repaired: usize,
    pub changed_on_source: usize,
    pub changed_on_target: usize,
    pub failed: usize,
    pub different_again: usize,
}

/// The repair in the JSON report.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RepairReport {
    /// Triggers and foreign keys do not fire.
    pub silent: bool,
    /// Circles of foreign keys: rows of these tables may fail where foreign keys fire.
    pub cycles: Vec<Vec<String>>,
    pub refused: Vec<CouldNotRun>,
    pub totals: Totals,
    pub rows: Vec<RowResult>,
}

impl RepairReport {
    /// A plan that has not been applied.
    pub fn planned(plan: &RepairPlan) -> Self {
        let rows = plan.steps().into_iter().flat_map(|step| {
            let TablePlan { table, .. } = step.table;
            let name = table.form.table.to_string();
            step.changes.into_iter().map(move |change| RowResult {
                table: name.clone(),
                key: named(step.table, &change.key),
                action: Some(step.action),
                outcome: Outcome::Planned,
                different_again: false,
            })
        });
        let unrepairable = plan.tables.iter().flat_map(|table| {
            table.unrepairable.iter().map(|(key, reason)| RowResult {
                table: table.table.form.table.to_string(),
                key: named(table, key),
                action: None,
                outcome: Outcome::Failed {
                    reason: reason.clone(),
                },
                different_again: false,
            })
        });
        let mut report = Self {
            silent: plan.silent,
            cycles: plan
                .cycles
                .iter()
                .map(|cycle| cycle.iter().map(ToString::to_string).collect())
                .collect(),
            refused: plan.refused.clone(),
            totals: Totals::default(),
            rows: rows.chain(unrepairable).collect(),
        };
        report.add_up();
        report
    }

    pub(super) fn add_up(&mut self) {
        let mut totals = Totals::default();
        for row in &self.rows {
            totals.different_again += usize::from(row.different_again);
            *match row.outcome {
                Outcome::Planned => &mut totals.planned,
                Outcome::Repaired => &mut totals.repaired,
                Outcome::SkippedChangedOnSource => &mut totals.changed_on_source,
                Outcome::SkippedChangedOnTarget => &mut totals.changed_on_target,
                Outcome::Failed { .. } => &mut totals.failed,
            } += 1;
        }
        self.totals = totals;
    }
}

fn named(table: &TablePlan, key: &RowKey) -> BTreeMap<String, String> {
    let names = table.table.form.key_columns().map(|c| c.name.clone());
    names.zip(key.iter().cloned()).collect()
}
