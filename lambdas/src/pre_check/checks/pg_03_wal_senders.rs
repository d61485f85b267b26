use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// Each stream that reads from a server occupies one of its WAL senders.
pub struct WalSenders;

#[async_trait]
impl Check for WalSenders {
    fn id(&self) -> &'static str {
        "PG03"
    }
    fn looks_at(&self) -> &'static str {
        "free WAL senders on the side that becomes the writer"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::NEW_POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "Each stream that reads from a server occupies one of its WAL senders; reverse replication needs one more."
    }
    fn remedy(&self) -> &'static str {
        "Raise max_wal_senders and restart the server."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let server = ctx.new_writer.reads.server().await?;
        Ok(self.unmet(ctx.direction.new_writer(), &server.serves_another_reader))
    }
}
