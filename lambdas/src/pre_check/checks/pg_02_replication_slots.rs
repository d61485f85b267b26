use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// Reverse replication needs a slot of its own.
pub struct ReplicationSlots;

#[async_trait]
impl Check for ReplicationSlots {
    fn id(&self) -> &'static str {
        "PG02"
    }
    fn looks_at(&self) -> &'static str {
        "free replication slots on the side that becomes the writer"
    }
    fn why(&self) -> &'static str {
        "Reverse replication needs a replication slot of its own on the side that becomes the writer."
    }
    fn remedy(&self) -> &'static str {
        "Drop unused slots, or raise max_replication_slots and restart."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let server = ctx.new_writer.server().await?;
        if server.used_replication_slots < server.max_replication_slots {
            return Ok(Vec::new());
        }
        Ok(vec![self.finds(
            "target: max_replication_slots",
            format!("all {} slots are in use", server.max_replication_slots),
            "drop unused slots or raise max_replication_slots and restart",
        )])
    }
}
