use async_trait::async_trait;
use crossover_core::{World, finding::Finding, ports::PortError};

use super::{AppliesTo, Check};

/// Both sides decode their log: the source for the way there, the target for the way back.
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
    async fn run(&self, world: &World) -> Result<Vec<Finding>, PortError> {
        let mut findings = Vec::new();
        for (side, database) in [("source", &world.from), ("target", &world.to)] {
            let server = database.reads.server().await?;
            findings.extend(self.unmet(side, &server.decodes_changes));
        }
        Ok(findings)
    }
}
