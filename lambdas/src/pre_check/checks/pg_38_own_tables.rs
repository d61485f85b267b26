use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// No stage creates the table of the markers, and a dry run writes no marker: without this check a run would
/// fail at its first one.
pub struct OwnTables;

#[async_trait]
impl Check for OwnTables {
    fn id(&self) -> &'static str {
        "PG38"
    }
    fn looks_at(&self) -> &'static str {
        "the table of the catch-up markers on both sides, which Crossover's role and the replication user can use, and Crossover's right to its access snapshot"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "A catch-up marker that cannot be written, carried or read proves nothing, and without its access snapshot the lock refuses to lock."
    }
    fn remedy(&self) -> &'static str {
        "Run `crossover prepare` with the role of the plan's secrets; it creates what is missing and changes nothing else."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let mut findings = Vec::new();
        for (side, asked) in ctx.sides() {
            let lacking = asked.reads.own_tables().await?;
            findings.extend(lacking.iter().map(|shortfall| self.falls_short(side, shortfall)));
        }
        Ok(findings)
    }
}
