use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// A standby is read-only: the lock and the catch-up marker need a primary.
pub struct Standby;

#[async_trait]
impl Check for Standby {
    fn id(&self) -> &'static str {
        "PG36"
    }
    fn looks_at(&self) -> &'static str {
        "both sides are primaries"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "A standby is read-only: writers cannot be locked out there, and catch-up markers cannot be written."
    }
    fn remedy(&self) -> &'static str {
        "Set host in that side's secret to the primary (Aurora: the writer endpoint)."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let mut findings = Vec::new();
        for (side, database) in ctx.sides() {
            let server = database.reads.server().await?;
            findings.extend(self.unmet(side, &server.takes_writes));
        }
        Ok(findings)
    }
}
