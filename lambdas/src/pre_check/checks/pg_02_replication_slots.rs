use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

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
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::NEW_POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "Reverse replication needs a replication slot of its own on the side that becomes the writer."
    }
    fn remedy(&self) -> &'static str {
        "Drop unused slots, or raise max_replication_slots and restart the server."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let server = ctx.new_writer.reads.server().await?;
        Ok(self.unmet(ctx.direction.new_writer(), &server.retains_another_position))
    }
}
