//! validate: every table of both sides is equal, row for row, while they change.

mod comparison;

use async_trait::async_trait;
use crossover_core::{Stage, StageError, StageName, World, catalogue::TableName};
use serde::{Deserialize, Serialize};

pub use comparison::TableResult;

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
        let (writer, follower) = match input.when {
            When::BeforeCommit => (&*world.from, &*world.to),
            When::AfterCommit => (&*world.to, &*world.from),
        };
        // Partitions are compared through their parent: the other side may be partitioned differently.
        let tables: Vec<TableName> = writer
            .tables(&world.plan.scope)
            .await?
            .into_iter()
            .filter(|t| t.partition_of.is_none())
            .map(|t| t.table)
            .collect();
        let mut results = Vec::with_capacity(tables.len());
        for table in &tables {
            results.push(comparison::compare(world, writer, follower, table).await?);
        }
        let different: Vec<String> = results
            .iter()
            .filter(|r| !r.equal)
            .map(TableResult::describe)
            .collect();
        if !different.is_empty() {
            return Err(StageError::TablesDiffer { tables: different });
        }
        let rows = results.iter().map(|r| r.rows_writer).sum();
        Ok(Output {
            tables: results,
            rows,
        })
    }
}
