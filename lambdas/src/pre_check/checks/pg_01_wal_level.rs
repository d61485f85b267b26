use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// Both sides decode their log: the source for the way there, the target for reverse replication.
pub struct WalLevel;

#[async_trait]
impl Check for WalLevel {
    fn id(&self) -> &'static str {
        "PG01"
    }
    fn looks_at(&self) -> &'static str {
        "wal_level on both sides"
    }
    fn why(&self) -> &'static str {
        "Both databases' changes are decoded from the write-ahead log: the source's by the replication of the cutover, the target's by reverse replication."
    }
    fn remedy(&self) -> &'static str {
        "Set wal_level = logical (Aurora, RDS: rds.logical_replication = 1) and restart."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let mut findings = Vec::new();
        for (side, database) in [("source", &ctx.old_writer), ("target", &ctx.new_writer)] {
            let level = database.server().await?.wal_level;
            if level != "logical" {
                findings.push(self.finds(
                    &format!("{side}: wal_level"),
                    format!("is {level}, changes cannot be decoded"),
                    "set wal_level = logical (Aurora, RDS: rds.logical_replication = 1) and restart",
                ));
            }
        }
        Ok(findings)
    }
}
