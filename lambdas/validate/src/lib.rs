//! validate: every table of both sides is equal, row for row, while they change.

mod catch_up;

use async_trait::async_trait;
use crossover_core::{Stage, StageError, StageName, World, routing::Side};
use crossover_verify::{Sides, Silent, VerifyError, VerifyOptions, compare_rows, rows::TableResult};
use serde::{Deserialize, Serialize};

use catch_up::ByFence;

/// How long a row that changes all the time is looked at. Between two of its changes both sides are equal, so that one look of
/// many finds them so.
const SETTLE_MS: u64 = 20_000;

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub when: When,
}

#[derive(Debug, Serialize)]
pub struct Output {
    pub tables: Vec<TableResult>,
    pub rows: u64,
}

#[async_trait]
impl Stage for Validate {
    const NAME: StageName = StageName::Validate;
    type Input = Input;
    type Output = Output;

    async fn run(&self, world: &World, input: Input) -> Result<Output, StageError> {
        // `from` is the writer before the commit, whichever way the run goes; `source` here only means the left of two.
        let (writer, follower, side) = match input.when {
            When::BeforeCommit => (&*world.from, &*world.to, Side::Source),
            When::AfterCommit => (&*world.to, &*world.from, Side::Target),
        };
        let catch_up = ByFence {
            world,
            writer,
            follower,
        };
        let sides = Sides {
            source: &*world.from,
            target: &*world.to,
            writer: side,
            catch_up: Some(&catch_up),
            clock: &*world.clock,
        };
        let report = compare_rows(&sides, &world.plan.scope, &options(), &Silent)
            .await
            .map_err(|error| match error {
                VerifyError::Port(port) => port.into(),
                VerifyError::UnknownTables(unknown) => StageError::Refused(unknown.to_string()),
            })?;
        let mut faults: Vec<String> = report
            .tables
            .iter()
            .filter(|r| !r.equal)
            .map(TableResult::describe)
            .collect();
        faults.extend(
            report
                .could_not_run
                .iter()
                .map(|c| format!("{} (not compared: {})", c.name, c.reason)),
        );
        if !faults.is_empty() {
            return Err(StageError::TablesDiffer { tables: faults });
        }
        let rows = report
            .tables
            .iter()
            .map(|t| t.rows_source.max(t.rows_target))
            .sum();
        Ok(Output {
            tables: report.tables,
            rows,
        })
    }
}

fn options() -> VerifyOptions {
    let mut options = VerifyOptions::default();
    // A state machine's state holds 256 KiB: a few keys tell enough.
    options.rows.named = 10;
    options.rows.columns = false;
    // Retrying is the state machine's, which waits longer than a function may run.
    options.rows.patience_ms = 0;
    options.rows.settle_ms = SETTLE_MS;
    options
}
