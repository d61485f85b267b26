use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// A prepared transaction can commit after the lock, and the creation of a slot waits until the transaction
/// ends.
pub struct PreparedTransactions;

#[async_trait]
impl Check for PreparedTransactions {
    fn id(&self) -> &'static str {
        "PG06"
    }
    fn looks_at(&self) -> &'static str {
        "prepared transactions on both sides"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::EVERY_ENGINE
    }
    fn why(&self) -> &'static str {
        "A prepared transaction can still commit after writers are locked out, and the creation of a replication slot waits until it ends."
    }
    fn remedy(&self) -> &'static str {
        "Commit or roll back each prepared transaction."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let mut findings = Vec::new();
        for (side, database) in ctx.sides() {
            for prepared in database.reads.prepared_transactions().await? {
                findings.push(self.finds(
                    &format!("{side}: prepared transaction {}", prepared.gid),
                    format!(
                        "owned by {}, has been open for {} s",
                        prepared.owner,
                        prepared.age_ms.whole_seconds()
                    ),
                    "end it with commit prepared or rollback prepared",
                ));
            }
        }
        Ok(findings)
    }
}
