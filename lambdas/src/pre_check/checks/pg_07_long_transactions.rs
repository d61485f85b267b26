use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// The creation of a slot waits for every older transaction, and so does the drain.
pub struct LongTransactions;

#[async_trait]
impl Check for LongTransactions {
    fn id(&self) -> &'static str {
        "PG07"
    }
    fn looks_at(&self) -> &'static str {
        "transactions open for longer than limits.long_transaction_ms, on both sides"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::EVERY_ENGINE
    }
    fn why(&self) -> &'static str {
        "The creation of a replication slot waits until every older transaction has ended, and the drain waits for open transactions as well."
    }
    fn remedy(&self) -> &'static str {
        "Wait until the transaction ends, or end its session with pg_terminate_backend."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let limit = ctx.limits.long_transaction_ms;
        let mut findings = Vec::new();
        for (side, database) in ctx.sides() {
            for open in database.reads.open_transactions(limit).await? {
                findings.push(self.finds(
                    &format!("{side}: pid {} of {}", open.pid, open.role),
                    format!(
                        "has had a transaction open for {} s; the limit is {} s (limits.long_transaction_ms)",
                        open.age_ms.whole_seconds(),
                        limit.whole_seconds()
                    ),
                    "wait until the transaction ends, or end its session with pg_terminate_backend",
                ));
            }
        }
        Ok(findings)
    }
}
