use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// A standby can be neither locked nor written.
pub struct Standby;

#[async_trait]
impl Check for Standby {
    fn id(&self) -> &'static str {
        "PG36"
    }
    fn looks_at(&self) -> &'static str {
        "that both sides are primaries"
    }
    fn why(&self) -> &'static str {
        "A standby can be neither locked nor written."
    }
    fn remedy(&self) -> &'static str {
        "Name the primary (the writer endpoint) in the secret."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let mut findings = Vec::new();
        for (side, database) in [("source", &ctx.old_writer), ("target", &ctx.new_writer)] {
            if database.server().await?.in_recovery {
                findings.push(self.finds(
                    &format!("{side}: server"),
                    "is a standby".to_owned(),
                    "name the primary (the writer endpoint) in its secret",
                ));
            }
        }
        Ok(findings)
    }
}
