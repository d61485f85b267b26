use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// A table outside the task, or suspended in it, would be lost at the commit.
pub struct TablesFollow;

#[async_trait]
impl Check for TablesFollow {
    fn id(&self) -> &'static str {
        "DM02"
    }
    fn looks_at(&self) -> &'static str {
        "that exactly the tables in scope are replicated and healthy"
    }
    fn why(&self) -> &'static str {
        "A table that is not replicated, or that replication has suspended, would be lost at the commit."
    }
    fn remedy(&self) -> &'static str {
        "Add the table to the replication task or reload it there, or leave it out with scope.exclude."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let stream = ctx.stream();
        let carried = ctx.replication.tables(stream).await?;
        let mut findings: Vec<Finding> = carried
            .iter()
            .filter(|t| !t.is_healthy())
            .map(|t| {
                self.finds(
                    &t.table.to_string(),
                    format!("is in state {:?} in DMS task {stream}", t.state),
                    "reload the table",
                )
            })
            .collect();
        for table in ctx.old_writer.tables(&ctx.plan.scope).await? {
            if !table.partitioned && !carried.iter().any(|c| c.table == table.table) {
                findings.push(self.finds(
                    &table.table.to_string(),
                    format!("is in scope but not in DMS task {stream}"),
                    "add it to the table mappings, or leave it out with scope.exclude",
                ));
            }
        }
        Ok(findings)
    }
}
