use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// Superusers cannot be locked out; every other writer is locked by the drain.
pub struct Writers;

#[async_trait]
impl Check for Writers {
    fn id(&self) -> &'static str {
        "PG26"
    }
    fn looks_at(&self) -> &'static str {
        "sessions of superusers on the old writer"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::EVERY_ENGINE
    }
    fn why(&self) -> &'static str {
        "Superusers cannot be locked out, so such a session could write after the catch-up marker, and that write would be lost."
    }
    fn remedy(&self) -> &'static str {
        "Give the programs that log in as a superuser another role, or stop them for the cutover."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let roles = ctx.old_writer.reads.roles(ctx.scope, &[]).await?;
        Ok(roles
            .iter()
            .filter(|r| r.superuser && r.sessions > 0)
            .map(|r| {
                self.finds(
                    &format!("role {}", r.role),
                    format!(
                        "is a superuser with {} session(s) on the old writer: it cannot be locked out",
                        r.sessions
                    ),
                    "give the programs that log in as this role one without SUPERUSER, or stop them for the cutover",
                )
            })
            .collect())
    }
}
