use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// A stream that reads from a server occupies one of its senders.
pub struct WalSenders;

#[async_trait]
impl Check for WalSenders {
    fn id(&self) -> &'static str {
        "PG03"
    }
    fn looks_at(&self) -> &'static str {
        "free WAL senders on the side that becomes the writer"
    }
    fn why(&self) -> &'static str {
        "A stream that reads from a server occupies one of its WAL senders."
    }
    fn remedy(&self) -> &'static str {
        "Raise max_wal_senders and restart."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let server = ctx.new_writer.server().await?;
        if server.used_wal_senders < server.max_wal_senders {
            return Ok(Vec::new());
        }
        Ok(vec![self.finds(
            "target: max_wal_senders",
            format!("all {} senders are in use", server.max_wal_senders),
            "raise max_wal_senders and restart",
        )])
    }
}
