//! Planned changes of rows, and tables that cannot be repaired.

use std::collections::BTreeMap;

use crossover_core::{
    catalogue::TableName,
    plan::Scope,
    ports::{PortError, Repair},
    routing::Side,
    rows::{Action, HashPlan, RowKey, TableWriting, WritableTable},
};

use super::{order::order, planned::Planned};
use crate::{
    Cause, PreparedTable, Report, VerifyError, VerifyOptions, prepare,
    rows::{Difference, Kind, TableResult},
    run::{CouldNotRun, Sides},
};

/// The planned changes of one table.
#[derive(Debug, Clone)]
pub struct TablePlan {
    /// The form in which its rows are read on the source.
    pub source: HashPlan,
    pub table: WritableTable,
    /// Sorted by key.
    pub changes: Vec<Planned>,
    /// Rows that no statement can repair, and why.
    pub unrepairable: Vec<(RowKey, String)>,
}

/// The planned changes of all tables.
#[derive(Debug, Clone)]
pub struct RepairPlan {
    /// Parents before children.
    pub tables: Vec<TablePlan>,
    /// Tables that differ or could not be compared, and are not repaired.
    pub refused: Vec<CouldNotRun>,
    /// Circles of foreign keys that contain planned tables.
    pub cycles: Vec<Vec<TableName>>,
    /// Triggers and foreign keys do not fire.
    pub silent: bool,
}

/// Changes of one kind in one table.
#[derive(Debug)]
pub struct Step<'p> {
    pub table: &'p TablePlan,
    pub action: Action,
    pub changes: Vec<&'p Planned>,
}

/// Why nothing can be repaired.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    #[error(
        "the application writes to the target, so its rows are the newer ones: only the follower can be repaired"
    )]
    TargetIsWriter,
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Port(#[from] PortError),
}

impl TablePlan {
    fn step(&self, action: Action) -> Option<Step<'_>> {
        let changes: Vec<&Planned> = self.changes.iter().filter(|c| c.action() == action).collect();
        (!changes.is_empty()).then_some(Step {
            table: self,
            action,
            changes,
        })
    }
}

impl RepairPlan {
    /// In the order of execution: deletes first, children before parents; inserts last, parents before
    /// children.
    pub fn steps(&self) -> Vec<Step<'_>> {
        let deletes = self.tables.iter().rev().filter_map(|t| t.step(Action::Delete));
        let updates = self.tables.iter().filter_map(|t| t.step(Action::Update));
        let inserts = self.tables.iter().filter_map(|t| t.step(Action::Insert));
        deletes.chain(updates).chain(inserts).collect()
    }

    pub fn rows(&self) -> usize {
        self.tables.iter().map(|t| t.changes.len()).sum()
    }
}

/// Plans the repair of the rows that a comparison found different, with the options of that comparison.
/// Nothing is written.
///
/// # Errors
/// The application writes to the target; a server that does not answer.
pub async fn plan(
    sides: &Sides<'_>,
    target: &dyn Repair,
    scope: &Scope,
    options: &VerifyOptions,
    report: &Report,
) -> Result<RepairPlan, RepairError> {
    if sides.writer == Side::Target {
        return Err(RepairError::TargetIsWriter);
    }
    let prepared = prepare(sides, scope, options).await?;
    let (writing, silent) = futures::try_join!(target.writing(scope), target.may_be_silent())?;
    let order = order(&writing);
    let prepared: BTreeMap<String, &PreparedTable> =
        prepared.tables.iter().map(|t| (t.table.to_string(), t)).collect();
    let mut writing: BTreeMap<String, TableWriting> =
        writing.into_iter().map(|w| (w.table.to_string(), w)).collect();
    let mut plan = RepairPlan {
        tables: Vec::new(),
        refused: report.could_not_run.clone(),
        cycles: Vec::new(),
        silent,
    };
    for result in report.tables.iter().filter(|t| !t.equal) {
        let found = prepared.get(&result.name).zip(writing.remove(&result.name));
        match table(result, found) {
            Ok(table) => plan.tables.push(table),
            Err((reason, cause)) => plan.refused.push(CouldNotRun::new(&result.name, reason, cause)),
        }
    }
    let place = |t: &TableName| order.tables.iter().position(|other| other == t);
    plan.tables.sort_by_key(|t| place(&t.table.writing.table));
    plan.refused.sort_by(|a, b| a.name.cmp(&b.name));
    let planned = |t: &TableName| plan.tables.iter().any(|p| p.table.writing.table == *t);
    plan.cycles = order
        .cycles
        .into_iter()
        .filter(|c| c.iter().any(&planned))
        .collect();
    Ok(plan)
}

/// The plan of one table, or the reason for the refusal.
fn table(
    result: &TableResult,
    found: Option<(&&PreparedTable, TableWriting)>,
) -> Result<TablePlan, (String, Cause)> {
    let refuse = |reason: &str, cause| Err((reason.to_owned(), cause));
    let Some((prepared, writing)) = found else {
        return refuse(
            "it existed on both sides when it was compared, and no longer does",
            Cause::Changed,
        );
    };
    let (mut source, mut form) = prepared.forms.clone();
    // A row that meets a condition on one side only exists on both sides; it must not be treated as missing.
    source.condition = None;
    form.condition = None;
    let key: Vec<&str> = form.key_columns().map(|c| c.name.as_str()).collect();
    if result.key.is_empty() || key.is_empty() {
        return refuse(
            "it has no key that both sides have, so its rows cannot be identified",
            Cause::NoKey,
        );
    }
    if result.key != key {
        return refuse("its keys have changed since it was compared", Cause::Changed);
    }
    if result.truncated {
        return refuse(
            &format!(
                "more of its rows differ than were reported ({})",
                result.differences.len()
            ),
            Cause::MoreThanReported {
                different_rows: result.different_rows,
            },
        );
    }
    if !writing.granted {
        return refuse("the role may not write it on the target", Cause::NotWritable);
    }
    let mut plan = TablePlan {
        source,
        table: WritableTable { form, writing },
        changes: Vec::new(),
        unrepairable: Vec::new(),
    };
    for difference in &result.differences {
        match change(&plan.table, difference) {
            Ok(change) => plan.changes.push(change),
            Err(row) => plan.unrepairable.push(row),
        }
    }
    plan.changes.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(plan)
}

fn change(table: &WritableTable, difference: &Difference) -> Result<Planned, (RowKey, String)> {
    let seen = &difference.seen;
    let key = seen.key.clone();
    let as_found = match difference.kind {
        Kind::MissingOnTarget => seen.source.is_some() && seen.target.is_none(),
        Kind::ExtraOnTarget => seen.source.is_none() && seen.target.is_some(),
        Kind::Different => seen.source.is_some() && seen.target.is_some() && seen.source != seen.target,
    };
    if !as_found || key.len() != table.form.key.len() {
        return Err((
            key,
            "it changed while its values were being read; compare again".to_owned(),
        ));
    }
    if seen.has_bytes {
        let reason = "it has bytes that are no text in UTF-8, which no statement can write";
        return Err((key, reason.to_owned()));
    }
    let change = Planned {
        key,
        before: seen.target,
        after: seen.source,
        columns: difference.columns.clone(),
        bytes: seen.bytes,
    };
    match obstacle(table, &change) {
        Some(reason) => Err((change.key, reason)),
        None => Ok(change),
    }
}

/// Why no statement can make this change.
fn obstacle(table: &WritableTable, change: &Planned) -> Option<String> {
    let changing: Vec<&str> = change.columns.iter().map(String::as_str).collect();
    let of = |kind: &[String]| -> Vec<&str> {
        changing
            .iter()
            .copied()
            .filter(|name| kind.iter().any(|k| k == name))
            .collect()
    };
    let generated = of(&table.writing.generated);
    if !changing.is_empty() && generated.len() == changing.len() {
        return Some(format!(
            "only generated columns differ ({}): their definitions are not the same on both sides",
            generated.join(", ")
        ));
    }
    let identity = of(&table.writing.always_identity);
    if !identity.is_empty() {
        return Some(format!(
            "{} is generated always as identity and cannot be updated; alter it to generated by default on the target, then repair again",
            identity.join(", ")
        ));
    }
    None
}
