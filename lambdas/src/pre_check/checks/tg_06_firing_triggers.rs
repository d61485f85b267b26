use async_trait::async_trait;
use crossover_core::finding::Finding;

use super::{
    AppliesTo, Check, CheckContext, Unanswered,
    pg_30_firing_triggers::{firing, mode, remedy},
};

/// The writes of the trigger on the source are replicated. A trigger that fires again on the target makes the
/// two sides differ.
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
        "The trigger's writes on the source are replicated; a trigger that fires again on the target makes the two sides differ."
    }
    fn remedy(&self) -> &'static str {
        "On both sides, make the trigger fire for the application's writes only (enable trigger), or disable it."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let tables = ctx.new_writer.tables(ctx.scope).await?;
        Ok(firing(&tables)
            .map(|(object, always)| {
                self.finds(
                    &format!("target: {object}"),
                    format!(
                        "fires for replicated changes ({}): its writes would appear twice on the target, or differ from the source",
                        mode(always)
                    ),
                    remedy(always),
                )
            })
            .collect())
    }
}
