use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// Unlogged tables never reach the log.
pub struct UnloggedTables;

#[async_trait]
impl Check for UnloggedTables {
    fn id(&self) -> &'static str {
        "PG19"
    }
    fn looks_at(&self) -> &'static str {
        "unlogged tables in scope"
    }
    fn why(&self) -> &'static str {
        "Rows of an unlogged table never reach the write-ahead log, so they are never replicated."
    }
    fn remedy(&self) -> &'static str {
        "Make the table logged, or leave it out with scope.exclude."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let tables = ctx.old_writer.tables(&ctx.plan.scope).await?;
        Ok(tables
            .iter()
            .filter(|t| t.unlogged)
            .map(|t| {
                self.finds(
                    &t.table.to_string(),
                    "is unlogged: its rows are never replicated".to_owned(),
                    "alter table ... set logged, or leave the table out with scope.exclude",
                )
            })
            .collect())
    }
}
