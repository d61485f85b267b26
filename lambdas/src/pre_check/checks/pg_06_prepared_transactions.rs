use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// A prepared transaction passes every lock, and a slot waits for it for ever.
pub struct PreparedTransactions;

#[async_trait]
impl Check for PreparedTransactions {
    fn id(&self) -> &'static str {
        "PG06"
    }
    fn looks_at(&self) -> &'static str {
        "prepared transactions on both sides"
    }
    fn why(&self) -> &'static str {
        "A prepared transaction commits in spite of every lock, and a new slot waits for it for ever."
    }
    fn remedy(&self) -> &'static str {
        "Commit or roll back each prepared transaction."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let mut findings = Vec::new();
        for (side, database) in [("source", &ctx.old_writer), ("target", &ctx.new_writer)] {
            for prepared in database.prepared_transactions().await? {
                findings.push(self.finds(
                    &format!("{side}: prepared transaction {}", prepared.gid),
                    format!(
                        "of {} has been open for {} s",
                        prepared.owner,
                        prepared.age_ms / 1000
                    ),
                    "commit prepared or rollback prepared it",
                ));
            }
        }
        Ok(findings)
    }
}
