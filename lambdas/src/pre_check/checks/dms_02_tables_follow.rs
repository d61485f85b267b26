use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// A table that the task does not carry, or has suspended, would lose its changes at the commit.
pub struct TablesFollow;

#[async_trait]
impl Check for TablesFollow {
    fn id(&self) -> &'static str {
        "DM02"
    }
    fn looks_at(&self) -> &'static str {
        "every table in scope is replicated, and every replicated table is healthy"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::EVERY_ENGINE
    }
    fn why(&self) -> &'static str {
        "Rows of a table that is not replicated, or whose replication is suspended, would be missing on the new writer after the commit."
    }
    fn remedy(&self) -> &'static str {
        "Add the table to the replication task or reload it there, or exclude the table with scope.exclude."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let stream = ctx.stream();
        let replication = ctx.replication()?;
        let name = replication.name(stream);
        let carried = replication.tables(stream).await?;
        let mut findings: Vec<Finding> = carried
            .iter()
            .filter(|t| !t.follows)
            .map(|t| {
                self.finds(
                    &t.table.to_string(),
                    format!(
                        "is in state {:?} in {name}, so its changes do not arrive",
                        t.state
                    ),
                    "reload the table in that task",
                )
            })
            .collect();
        for table in ctx.old_writer.tables(ctx.scope).await?.iter() {
            if !table.partitioned && !carried.iter().any(|c| c.table == table.table) {
                findings.push(self.finds(
                    &table.table.to_string(),
                    format!("is in the plan's scope, but {name} does not replicate it"),
                    "add the table to the task's table mappings, or exclude the table with scope.exclude",
                ));
            }
        }
        Ok(findings)
    }
}
