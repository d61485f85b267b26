use async_trait::async_trait;
use crossover_core::{World, finding::Finding, ports::PortError};

use super::Check;

/// A difference in the schema becomes lost or refused rows later.
pub struct Schema;

#[async_trait]
impl Check for Schema {
    fn id(&self) -> &'static str {
        "TG03"
    }
    fn looks_at(&self) -> &'static str {
        "that the schemas are equal"
    }
    async fn run(&self, world: &World) -> Result<Vec<Finding>, PortError> {
        let scope = &world.plan.scope;
        let source = world.from.fingerprint(scope).await?;
        let target = world.to.fingerprint(scope).await?;
        let mut findings = Vec::new();
        for ours in &source {
            match target.iter().find(|t| t.object == ours.object) {
                None => findings.push(self.blocks(
                    &ours.object,
                    "is missing on the target".to_owned(),
                    "create it there",
                )),
                Some(theirs) if theirs.definition != ours.definition => findings.push(self.blocks(
                    &ours.object,
                    format!(
                        "is {} on the source and {} on the target",
                        ours.definition, theirs.definition
                    ),
                    "make them equal",
                )),
                Some(_) => {}
            }
        }
        Ok(findings)
    }
}
