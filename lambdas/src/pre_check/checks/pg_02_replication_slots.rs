use async_trait::async_trait;
use crossover_core::{World, finding::Finding, ports::PortError};

use super::Check;

/// The way back needs a slot of its own.
pub struct ReplicationSlots;

#[async_trait]
impl Check for ReplicationSlots {
    fn id(&self) -> &'static str {
        "PG02"
    }
    fn looks_at(&self) -> &'static str {
        "free replication slots on the side that becomes the writer"
    }
    async fn run(&self, world: &World) -> Result<Vec<Finding>, PortError> {
        let server = world.to.server().await?;
        if server.used_replication_slots < server.max_replication_slots {
            return Ok(Vec::new());
        }
        Ok(vec![self.blocks(
            "target: max_replication_slots",
            format!("all {} slots are in use", server.max_replication_slots),
            "drop unused slots or raise max_replication_slots and restart",
        )])
    }
}
