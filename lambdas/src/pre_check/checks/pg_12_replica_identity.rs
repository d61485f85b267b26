use async_trait::async_trait;
use crossover_core::{
    catalogue::{ReplicaIdentity, TableFacts},
    finding::{Finding, Severity},
    schema::{Remedies, identity_faults},
};

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// Replica identity full works, but makes each change larger and slower to apply.
pub struct WholeRows;

#[async_trait]
impl Check for WholeRows {
    fn id(&self) -> &'static str {
        "PG12"
    }
    fn looks_at(&self) -> &'static str {
        "tables without a key that have replica identity full"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::OLD_POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "Each update and delete carries the whole row and scans the target's table for it; identical rows can be counted but not distinguished."
    }
    fn severity(&self) -> Severity {
        Severity::Warns
    }
    fn remedy(&self) -> &'static str {
        "Add a primary key on both sides."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let tables = ctx.old_writer.tables(ctx.scope).await?;
        Ok(self.judge(&tables, ctx.old_writer.reads))
    }
}

impl WholeRows {
    fn judge(&self, tables: &[TableFacts], engine: &dyn Remedies) -> Vec<Finding> {
        identity_faults(tables)
            .iter()
            .filter(|fault| fault.identity == ReplicaIdentity::FullRow && fault.alike)
            .map(|fault| {
                self.finds(
&fault.to_string(),
                    "has no key and replica identity full: every update and delete carries the whole row and scans the target's \
                     table for it, and identical rows can be counted but not distinguished"
                        .to_owned(),
                    &engine.remedy(&fault.remedy()),
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::PlainRemedies, *};

    #[test]
    fn whole_rows_without_any_key_are_a_warning() {
        let full = |unique_index: Option<&str>| {
            let table = TableFacts {
                identity: ReplicaIdentity::FullRow,
                unique_index: unique_index.map(str::to_owned),
                ..TableFacts::default()
            };
            let found = WholeRows.judge(&[table], &PlainRemedies);
            found.iter().map(|f| f.severity).collect::<Vec<_>>()
        };
        assert_eq!(full(None), [Severity::Warns]);
        assert_eq!(full(Some("by_code")), []);
    }
}
