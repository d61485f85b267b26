use async_trait::async_trait;
use crossover_core::{
    StageContext,
    catalogue::{ReplicaIdentity, TableFacts},
    finding::{Finding, Severity},
    ports::PortError,
    schema::identity_faults,
};

use super::{AppliesTo, Check};

/// Whole rows as identity are carried, and cost.
pub struct WholeRows;

#[async_trait]
impl Check for WholeRows {
    fn id(&self) -> &'static str {
        "PG12"
    }
    fn looks_at(&self) -> &'static str {
        "tables whose rows are identified by all of their columns (replica identity full)"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::OLD_POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "Each change carries the whole row and is found by reading the target's table; equal rows are counted, not told apart."
    }
    fn severity(&self) -> Severity {
        Severity::Warns
    }
    fn remedy(&self) -> &'static str {
        "Add a primary key on both sides."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        Ok(self.judge(&ctx.old_writer.reads.tables(&ctx.plan.scope).await?))
    }
}

impl WholeRows {
    fn judge(&self, tables: &[TableFacts]) -> Vec<Finding> {
        identity_faults(tables)
            .iter()
            .filter(|fault| fault.identity == ReplicaIdentity::FullRow && fault.alike)
            .map(|fault| {
                self.finds(
&fault.to_string(),
                    "has no key and replica identity full: every update and delete carries the whole row and is found by reading the \
                     target's table, and equal rows are counted, not told apart"
                        .to_owned(),
                    "alter table ... add primary key on both sides",
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_rows_without_any_key_are_a_warning() {
        let full = |unique_index: Option<&str>| {
            let table = TableFacts {
                identity: ReplicaIdentity::FullRow,
                unique_index: unique_index.map(str::to_owned),
                ..TableFacts::default()
            };
            let found = WholeRows.judge(&[table]);
            found.iter().map(|f| f.severity).collect::<Vec<_>>()
        };
        assert_eq!(full(None), [Severity::Warns]);
        assert_eq!(full(Some("by_code")), []);
    }
}
