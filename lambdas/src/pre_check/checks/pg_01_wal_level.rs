use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// Both sides need logical decoding: the old writer for the replication of the cutover, the new writer for
/// reverse replication.
pub struct WalLevel;

#[async_trait]
impl Check for WalLevel {
    fn id(&self) -> &'static str {
        "PG01"
    }
    fn looks_at(&self) -> &'static str {
        "wal_level on both sides"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "The changes of both databases are decoded from the write-ahead log: those of the old writer during the cutover, those of the new writer by reverse replication."
    }
    fn remedy(&self) -> &'static str {
        "Set wal_level = logical (Aurora, RDS: rds.logical_replication = 1) and restart the server."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let mut findings = Vec::new();
        for (side, database) in ctx.sides() {
            let server = database.reads.server().await?;
            findings.extend(self.unmet(side, &server.decodes_changes));
        }
        Ok(findings)
    }
}
