//! validate: proves that every table is equal on both sides, row by row, while both change.
//!
//! One invocation compares everything, or one part: `statemachine/verify.asl.json` distributes the work over
//! many invocations.

mod words;

use async_trait::async_trait;
use crossover_core::{Millis, Stage, StageContext, StageError, StageName, ports::MarkerError, routing::Side};
use crossover_verify::{
    Cause, CouldNotRun, Partition, Partitioning, Sides, Silent, VerifyError, VerifyOptions,
    compare_partition, compare_rows, follow::MarkerCatchUp, plan_partitions, rows::TableResult,
};
use serde::{Deserialize, Serialize};

/// How long a row that changes constantly is checked. Between two of its changes both sides are equal, so
/// that one of many checks finds them equal.
const RECHECK_LIMIT: Millis = Millis(20_000);

pub struct Validate;

/// Which side is the writer while the comparison runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The old writer serves; its changes are replicated to the new writer.
    BeforeCommit,
    /// The new writer serves; its changes are replicated to the old writer.
    AfterCommit,
}

/// The part of the comparison that this invocation does.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything.
    #[default]
    Full,
    /// Lists the partitions without comparing them.
    Plan,
    /// Compares one partition.
    Partition(Partition),
    /// Judges the results of all partitions.
    Merge(Vec<PartitionResult>),
}

/// The result of one partition, as the state machine passes it on.
#[derive(Debug, Deserialize)]
pub struct PartitionResult {
    pub different: Vec<String>,
    pub rows: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub when: When,
    #[serde(default)]
    pub mode: Mode,
}

#[derive(Debug, Default, Serialize)]
pub struct Output {
    /// Tables that this invocation compared.
    pub tables: Vec<TableResult>,
    pub rows: u64,
    /// For [`Mode::Plan`]: the parts that other invocations have to compare.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<Partition>,
    /// For [`Mode::Partition`]: tables that differ. [`Mode::Merge`] turns them into an error.
    pub different: Vec<String>,
}

#[async_trait]
impl Stage for Validate {
    const NAME: StageName = StageName::new("validate");
    const PURPOSE: &'static str = "Compares every table row by row while both sides change.";
    type Input = Input;
    type Output = Output;

    async fn run(&self, ctx: &StageContext, input: Input) -> Result<Output, StageError> {
        // `source` and `target` of the comparison stand for the old and the new writer, in either direction
        // of the run.
        let (writer, follower, side) = match input.when {
            When::BeforeCommit => (&*ctx.old_writer.writes, &*ctx.new_writer.writes, Side::Source),
            When::AfterCommit => (&*ctx.new_writer.writes, &*ctx.old_writer.writes, Side::Target),
        };
        let catch_up = MarkerCatchUp {
            writer,
            follower,
            clock: &*ctx.clock,
            run: ctx.plan.run_id.clone(),
            limit: ctx.plan.limits.marker_ms,
        };
        let sides = Sides {
            source: &*ctx.old_writer.reads,
            target: &*ctx.new_writer.reads,
            writer: side,
            catch_up: Some(&catch_up),
            clock: &*ctx.clock,
        };
        match input.mode {
            Mode::Full => full(&sides, ctx).await,
            Mode::Plan => plan(&sides, ctx).await,
            Mode::Partition(partition) => compare(&sides, ctx, &partition).await,
            Mode::Merge(results) => merge(results),
        }
    }
}

async fn full(sides: &Sides<'_>, ctx: &StageContext) -> Result<Output, StageError> {
    let report = compare_rows(sides, &ctx.plan.scope, &options(), &Silent)
        .await
        .map_err(stage_error)?;
    let different = differing(&report.tables);
    let marker = report.could_not_run.iter().find_map(marker_error);
    if let (true, Some(marker)) = (different.is_empty(), marker) {
        // The fault lies with the change stream, not with a table.
        return Err(marker.into());
    }
    refuse(different, not_compared(&report.could_not_run))?;
    Ok(Output {
        rows: report.tables.iter().map(rows).sum(),
        tables: report.tables,
        ..Output::default()
    })
}

async fn plan(sides: &Sides<'_>, ctx: &StageContext) -> Result<Output, StageError> {
    let (partitions, could_not_run) = plan_partitions(
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
        partitions,
        ..Output::default()
    })
}

async fn compare(sides: &Sides<'_>, ctx: &StageContext, partition: &Partition) -> Result<Output, StageError> {
    let result = compare_partition(sides, &ctx.plan.scope, &options(), partition, &Silent)
        .await
        .map_err(stage_error)?;
    let tables = vec![result];
    Ok(Output {
        rows: tables.iter().map(rows).sum(),
        different: differing(&tables),
        ..Output::default()
    })
}

fn merge(results: Vec<PartitionResult>) -> Result<Output, StageError> {
    let rows = results.iter().map(|part| part.rows).sum();
    let different = results.into_iter().flat_map(|part| part.different).collect();
    refuse(different, Vec::new())?;
    Ok(Output {
        rows,
        ..Output::default()
    })
}

fn rows(table: &TableResult) -> u64 {
    table.rows_source.max(table.rows_target)
}

/// The failed catch-up marker, where it is the reason why a table was not compared.
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

/// `TablesDiffer` as soon as one table differs; it also names the tables that were not compared.
/// `TablesNotCompared` where only such tables remain.
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
    // The state of a state machine holds at most 256 KiB, so only a few keys are reported.
    options.rows.max_reported = 10;
    options.rows.columns = false;
    // The state machine retries: it can wait longer than a function may run.
    options.rows.retry_timeout_ms = Millis(0);
    options.rows.recheck_limit_ms = RECHECK_LIMIT;
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_names_every_difference_of_every_part() {
        let part = |different: &[&str]| PartitionResult {
            different: different.iter().map(|d| (*d).to_owned()).collect(),
            rows: 5,
        };
        assert_eq!(merge(vec![part(&[]), part(&[])]).unwrap().rows, 10);
        let error = merge(vec![part(&["b"]), part(&[]), part(&["a"])]).unwrap_err();
        assert!(matches!(error, StageError::TablesDiffer { tables } if tables == ["a", "b"]));
    }

    #[test]
    fn a_table_that_was_not_compared_does_not_count_as_different_but_is_named_with_the_different_ones() {
        let name = |name: &str| vec![name.to_owned()];
        assert!(refuse(Vec::new(), Vec::new()).is_ok());
        let unproven = refuse(Vec::new(), name("b")).unwrap_err();
        assert!(matches!(unproven, StageError::TablesNotCompared { tables } if tables == ["b"]));
        let different = refuse(name("c"), name("b")).unwrap_err();
        assert!(matches!(different, StageError::TablesDiffer { tables } if tables == ["b", "c"]));
    }

    #[test]
    fn an_input_without_a_part_compares_everything() {
        let input: Input = serde_json::from_str(r#"{"when":"before_commit"}"#).unwrap();
        assert!(matches!(input.mode, Mode::Full));
        let list: Input = serde_json::from_str(r#"{"when":"before_commit","mode":"plan"}"#).unwrap();
        assert!(matches!(list.mode, Mode::Plan));
    }
}
