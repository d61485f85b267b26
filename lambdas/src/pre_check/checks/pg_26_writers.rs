use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::Check;

/// Superusers cannot be locked out; every other writer is locked by the drain.
pub struct Writers;

#[async_trait]
impl Check for Writers {
    fn id(&self) -> &'static str {
        "PG26"
    }
    fn looks_at(&self) -> &'static str {
        "every role that can write, superusers included"
    }
    fn why(&self) -> &'static str {
        "No lock stops a superuser from writing, so a write could follow the catch-up marker."
    }
    fn remedy(&self) -> &'static str {
        "Give the programs a role without SUPERUSER, or end them for the cutover."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let roles = ctx.old_writer.roles(&ctx.plan.scope, &[]).await?;
        Ok(roles
            .iter()
            .filter(|r| r.superuser && r.sessions > 0)
            .map(|r| {
                self.finds(
                    &format!("role {}", r.role),
                    format!(
                        "is a superuser with {} session(s) here: no lock stops it from writing",
                        r.sessions
                    ),
                    "give its programs a role without SUPERUSER, or end them for the cutover",
                )
            })
            .collect())
    }
}
