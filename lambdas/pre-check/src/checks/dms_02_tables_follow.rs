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
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let stream = ctx.stream();
        let carried = ctx.replication.tables(stream).await?;
        let mut findings: Vec<Finding> = carried
            .iter()
            .filter(|t| !t.is_healthy())
            .map(|t| {
                self.blocks(
                    &t.table.to_string(),
                    format!("is in state {:?} in DMS task {stream}", t.state),
                    "reload the table",
                )
            })
            .collect();
        for table in ctx.old_writer.tables(&ctx.plan.scope).await? {
            if !table.partitioned && !carried.iter().any(|c| c.table == table.table) {
                findings.push(self.blocks(
                    &table.table.to_string(),
                    format!("is in scope but not in DMS task {stream}"),
                    "add it to the table mappings, or leave it out with scope.exclude",
                ));
            }
        }
        Ok(findings)
    }
}
