use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// A slot becomes consistent only after every older transaction, and a drain waits for it.
pub struct LongTransactions;

#[async_trait]
impl Check for LongTransactions {
    fn id(&self) -> &'static str {
        "PG07"
    }
    fn looks_at(&self) -> &'static str {
        "long transactions on both sides"
    }
    fn why(&self) -> &'static str {
        "A slot becomes consistent only after every older transaction has ended, and the drain waits for it as well."
    }
    fn remedy(&self) -> &'static str {
        "Let the transaction end, or end it with pg_terminate_backend."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let limit = ctx.plan.limits.long_transaction_ms;
        let mut findings = Vec::new();
        for (side, database) in [("source", &ctx.old_writer), ("target", &ctx.new_writer)] {
            for open in database.open_transactions(limit).await? {
                findings.push(self.finds(
                    &format!("{side}: pid {} of {}", open.pid, open.role),
                    format!(
                        "has had a transaction open for {} s, over {} s",
                        open.age_ms / 1000,
                        limit / 1000
                    ),
                    "let it end or end it with pg_terminate_backend",
                ));
            }
        }
        Ok(findings)
    }
}
