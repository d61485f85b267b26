//! validate: every table of both sides is equal, row for row, while they change.
//!
//! One invocation compares everything, or its part of it: `statemachine/verify.asl.json` lets many of them share the work.

mod words;

use async_trait::async_trait;
use crossover_core::{Stage, StageContext, StageError, StageName, catch_up::MarkerError, routing::Side};
use crossover_verify::{
    Assignment, Cause, CouldNotRun, Partitioning, Sides, Silent, VerifyError, VerifyOptions, assignments,
    compare_assignment, compare_rows, follow::MarkerCatchUp, rows::TableResult,
};
use serde::{Deserialize, Serialize};

/// How long a row that changes all the time is looked at. Between two of its changes both sides are equal, so that one look of
/// many finds them so.
const RECHECK_LIMIT_MS: u64 = 20_000;

/// The stage.
pub struct Validate;

/// Who writes while the comparison runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The old writer serves; its changes come to the new one.
    BeforeCommit,
    /// The new writer serves; its changes come back to the old one.
    AfterCommit,
}

/// What this invocation does of the whole.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it. The default.
    #[default]
    All,
    /// Lists the assignments.
    List,
    /// Compares one of them.
    Assignment(Assignment),
    /// Looks through what all of them found.
    Verdict(Vec<Share>),
}

/// What one assignment found, as the state machine passes it on.
#[derive(Debug, Deserialize)]
pub struct Share {
    pub different: Vec<String>,
    pub rows: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub when: When,
    #[serde(default)]
    pub part: Part,
}

#[derive(Debug, Default, Serialize)]
pub struct Output {
    /// Tables that were compared here.
    pub tables: Vec<TableResult>,
    pub rows: u64,
    /// What remains to be compared by others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assignments: Vec<Assignment>,
    /// Tables of an assignment that differ; the verdict makes an error of them.
    pub different: Vec<String>,
}

#[async_trait]
impl Stage for Validate {
    const NAME: StageName = StageName::new("validate");
    const PURPOSE: &'static str = "Compares every table row by row while both sides change.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        // `from` is the writer before the commit, whichever way the run goes; `source` here only means the first of two.
        let (writer, follower, side) = match input.when {
            When::BeforeCommit => (&*ctx.old_writer, &*ctx.new_writer, Side::Source),
            When::AfterCommit => (&*ctx.new_writer, &*ctx.old_writer, Side::Target),
        };
        let catch_up = MarkerCatchUp {
            writer,
            follower,
            clock: &*ctx.clock,
            run: ctx.plan.run_id.clone(),
            limit_ms: ctx.plan.limits.marker_ms,
        };
        let sides = Sides {
            source: &*ctx.old_writer,
            target: &*ctx.new_writer,
            writer: side,
            catch_up: Some(&catch_up),
            clock: &*ctx.clock,
        };
        match input.part {
            Part::All => all(&sides, ctx).await,
            Part::List => list(&sides, ctx).await,
            Part::Assignment(assignment) => share(&sides, ctx, &assignment).await,
            Part::Verdict(shares) => verdict(shares),
        }
    }
}

async fn all(sides: &Sides<'_>, ctx: &StageContext) -> Result<Output, StageError> {
    let report = compare_rows(sides, &ctx.plan.scope, &options(), &Silent)
        .await
        .map_err(stage_error)?;
    let different = differing(&report.tables);
    let marker = report.could_not_run.iter().find_map(marker_error);
    if let (true, Some(marker)) = (different.is_empty(), marker) {
        // No table is at fault: the change stream is.
        return Err(marker.into());
    }
    refuse(different, not_compared(&report.could_not_run))?;
    Ok(Output {
        rows: report.tables.iter().map(rows).sum(),
        tables: report.tables,
        ..Output::default()
    })
}

async fn list(sides: &Sides<'_>, ctx: &StageContext) -> Result<Output, StageError> {
    let (assignments, could_not_run) = assignments(
        sides,
        &ctx.plan.scope,
        &options(),
        Partitioning::default(),
        &Silent,
    )
    .await
    .map_err(stage_error)?;
    refuse(Vec::new(), not_compared(&could_not_run))?;
    Ok(Output {
        assignments,
        ..Output::default()
    })
}

async fn share(sides: &Sides<'_>, ctx: &StageContext, assignment: &Assignment) -> Result<Output, StageError> {
    let result = compare_assignment(sides, &ctx.plan.scope, &options(), assignment, &Silent)
        .await
        .map_err(stage_error)?;
    let tables = vec![result];
    Ok(Output {
        rows: tables.iter().map(rows).sum(),
        different: differing(&tables),
        ..Output::default()
    })
}

fn verdict(shares: Vec<Share>) -> Result<Output, StageError> {
    let rows = shares.iter().map(|share| share.rows).sum();
    let different = shares.into_iter().flat_map(|share| share.different).collect();
    refuse(different, Vec::new())?;
    Ok(Output {
        rows,
        ..Output::default()
    })
}

fn rows(table: &TableResult) -> u64 {
    table.rows_source.max(table.rows_target)
}

/// The catch-up marker that stood in the way of a table.
fn marker_error(table: &CouldNotRun) -> Option<MarkerError> {
    let nonce = format!("of the comparison of {}", table.name);
    match table.cause {
        Cause::MarkerNotSeen { waited_ms } => Some(MarkerError::NotSeen { nonce, waited_ms }),
        Cause::MarkerDuplicated { count } => Some(MarkerError::Duplicated { nonce, count }),
        _ => None,
    }
}

fn differing(tables: &[TableResult]) -> Vec<String> {
    tables
        .iter()
        .filter(|table| !table.equal)
        .map(TableResult::describe)
        .collect()
}

fn not_compared(tables: &[CouldNotRun]) -> Vec<String> {
    tables.iter().map(words::not_compared).collect()
}

/// What was not compared is no difference, but belongs beside one.
fn refuse(differing: Vec<String>, not_compared: Vec<String>) -> Result<(), StageError> {
    let differ = !differing.is_empty();
    let mut tables = [differing, not_compared].concat();
    tables.sort();
    match (tables.is_empty(), differ) {
        (true, _) => Ok(()),
        (false, true) => Err(StageError::TablesDiffer { tables }),
        (false, false) => Err(StageError::TablesNotCompared { tables }),
    }
}

fn stage_error(error: VerifyError) -> StageError {
    match error {
        VerifyError::Port(port) => port.into(),
        VerifyError::UnknownTables(_) | VerifyError::Nothing => StageError::Missing(words::error(&error)),
        VerifyError::Disagreement(_) => StageError::TablesNotCompared {
            tables: vec![words::error(&error)],
        },
    }
}

fn options() -> VerifyOptions {
    let mut options = VerifyOptions::default();
    // A state machine's state holds 256 KiB: a few keys tell enough.
    options.rows.max_reported = 10;
    options.rows.columns = false;
    // Waiting is the state machine's, which waits longer than a function may run.
    options.rows.retry_timeout_ms = 0;
    options.rows.recheck_limit_ms = RECHECK_LIMIT_MS;
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_names_every_difference_of_every_share() {
        let share = |different: &[&str]| Share {
            different: different.iter().map(|d| (*d).to_owned()).collect(),
            rows: 5,
        };
        assert_eq!(verdict(vec![share(&[]), share(&[])]).unwrap().rows, 10);
        let error = verdict(vec![share(&["b"]), share(&[]), share(&["a"])]).unwrap_err();
        assert!(matches!(error, StageError::TablesDiffer { tables } if tables == ["a", "b"]));
    }

    #[test]
    fn what_was_not_compared_is_no_difference_and_is_named_beside_one() {
        let name = |name: &str| vec![name.to_owned()];
        assert!(refuse(Vec::new(), Vec::new()).is_ok());
        let unproven = refuse(Vec::new(), name("b")).unwrap_err();
        assert!(matches!(unproven, StageError::TablesNotCompared { tables } if tables == ["b"]));
        let different = refuse(name("c"), name("b")).unwrap_err();
        assert!(matches!(different, StageError::TablesDiffer { tables } if tables == ["b", "c"]));
    }

    #[test]
    fn an_input_without_a_part_means_everything() {
        let input: Input = serde_json::from_str(r#"{"when":"before_commit"}"#).unwrap();
        assert!(matches!(input.part, Part::All));
        let list: Input = serde_json::from_str(r#"{"when":"before_commit","part":"list"}"#).unwrap();
        assert!(matches!(list.part, Part::List));
    }
}
