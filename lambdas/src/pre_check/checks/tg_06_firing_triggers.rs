use async_trait::async_trait;
use crossover_core::{StageContext, finding::Finding, ports::PortError};

use super::{
    AppliesTo, Check,
    pg_30_firing_triggers::{firing, mode, remedy},
};

/// What the trigger did on the source is replicated; done again here it makes the target different.
pub struct TargetTriggers;

#[async_trait]
impl Check for TargetTriggers {
    fn id(&self) -> &'static str {
        "TG06"
    }
    fn looks_at(&self) -> &'static str {
        "triggers of the new writer that fire for replicated changes (enable always, enable replica)"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::NEW_POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "What the trigger did on the source is replicated; done again on the target it makes the sides different."
    }
    fn remedy(&self) -> &'static str {
        "Let the trigger fire for the application's writes only (enable trigger), or disable it, on both sides."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let tables = ctx.new_writer.reads.tables(&ctx.plan.scope).await?;
        Ok(firing(&tables)
            .map(|(object, always)| {
                self.finds(
                    &format!("target: {object}"),
                    format!(
                        "fires for replicated changes too ({}): what it writes is there twice, or differs from the source",
                        mode(always)
                    ),
                    remedy(always),
                )
            })
            .collect())
    }
}
