use async_trait::async_trait;
use crossover_core::{
    catalogue::TableFacts,
    finding::{Finding, Severity},
};

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// Reverse replication writes to this side after the commit.
pub struct SourceTriggers;

#[async_trait]
impl Check for SourceTriggers {
    fn id(&self) -> &'static str {
        "PG30"
    }
    fn looks_at(&self) -> &'static str {
        "triggers of the old writer that fire for replicated changes (enable always, enable replica)"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::OLD_POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "Reverse replication writes to this side after the commit, and such a trigger then fires a second time for each change."
    }
    fn severity(&self) -> Severity {
        Severity::Warns
    }
    fn remedy(&self) -> &'static str {
        "On both sides, make the trigger fire for the application's writes only (enable trigger), or disable it."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let tables = ctx.old_writer.tables(ctx.scope).await?;
        Ok(firing(&tables)
            .map(|(object, always)| {
                self.finds(
&object,
                    format!(
                        "fires for replicated changes ({}): while reverse replication runs, it fires a second time for each change",
                        mode(always)
                    ),
                    remedy(always),
                )
            })
            .collect())
    }
}

/// Every trigger that fires for replicated changes, as `trigger NAME on TABLE`; `true` where its mode is
/// `enable always`.
pub(super) fn firing(tables: &[TableFacts]) -> impl Iterator<Item = (String, bool)> {
    tables.iter().flat_map(|table| {
        table.firing_triggers.iter().map(|trigger| {
            (
                format!("trigger {} on {}", trigger.name, table.table),
                trigger.always,
            )
        })
    })
}

pub(super) const fn mode(always: bool) -> &'static str {
    if always { "enable always" } else { "enable replica" }
}

pub(super) const fn remedy(always: bool) -> &'static str {
    if always {
        "alter table ... enable trigger ... on both sides: it then fires for the application's writes only"
    } else {
        "alter table ... disable trigger ... on both sides: an enable replica trigger fires for replicated changes only"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossover_core::catalogue::{FiringTrigger, TableName};

    #[test]
    fn all_triggers_of_all_tables_are_named() {
        let trigger = |name: &str, always| FiringTrigger {
            name: name.into(),
            always,
        };
        let table = TableFacts {
            table: TableName {
                schema: "shop".into(),
                name: "orders".into(),
            },
            firing_triggers: vec![trigger("audit", true), trigger("copy", false)],
            ..TableFacts::default()
        };
        let found: Vec<_> = firing(&[table, TableFacts::default()]).collect();
        assert_eq!(
            found,
            [
                ("trigger audit on shop.orders".to_owned(), true),
                ("trigger copy on shop.orders".to_owned(), false)
            ]
        );
        assert_ne!(remedy(true), remedy(false));
    }
}
