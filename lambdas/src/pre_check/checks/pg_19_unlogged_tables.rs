use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// Rows of unlogged tables are never written to the write-ahead log.
pub struct UnloggedTables;

#[async_trait]
impl Check for UnloggedTables {
    fn id(&self) -> &'static str {
        "PG19"
    }
    fn looks_at(&self) -> &'static str {
        "unlogged tables in scope"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::OLD_POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "Rows of an unlogged table are never written to the write-ahead log, so they are never replicated."
    }
    fn remedy(&self) -> &'static str {
        "Make the table logged, or exclude it with scope.exclude."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let tables = ctx.old_writer.tables(ctx.scope).await?;
        Ok(tables
            .iter()
            .filter(|t| t.unlogged)
            .map(|t| {
                self.finds(
                    &t.table.to_string(),
                    "is unlogged: its rows are never replicated".to_owned(),
                    "alter table ... set logged, or exclude the table with scope.exclude",
                )
            })
            .collect())
    }
}
