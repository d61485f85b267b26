use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// Without a key updates and deletes cannot be carried, nor rows compared.
pub struct PrimaryKeys;

#[async_trait]
impl Check for PrimaryKeys {
    fn id(&self) -> &'static str {
        "PG11"
    }
    fn looks_at(&self) -> &'static str {
        "a primary key on every table in scope"
    }
    fn why(&self) -> &'static str {
        "Updates and deletes of a table without a key cannot be replicated, and its rows cannot be told apart in a comparison."
    }
    fn remedy(&self) -> &'static str {
        "Add a primary key, or leave the table out with scope.exclude."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let tables = ctx.old_writer.tables(&ctx.plan.scope).await?;
        Ok(tables
            .iter()
            .filter(|t| t.primary_key.is_empty() && t.partition_of.is_none())
            .map(|t| {
                self.finds(
                    &t.table.to_string(),
                    "has no primary key: its updates and deletes cannot be replicated".to_owned(),
                    "add one (alter table ... add primary key), or leave the table out with scope.exclude",
                )
            })
            .collect())
    }
}
