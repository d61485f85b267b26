use async_trait::async_trait;
use crossover_core::{
    StageContext,
    catalogue::{ReplicaIdentity, TableFacts},
    finding::Finding,
    ports::PortError,
    schema::{Remedies, identity_faults},
};

use super::{AppliesTo, Check};

/// Without an identity of the old row, updates and deletes cannot be replicated.
pub struct PrimaryKeys;

#[async_trait]
impl Check for PrimaryKeys {
    fn id(&self) -> &'static str {
        "PG11"
    }
    fn looks_at(&self) -> &'static str {
        "every table in scope has a primary key, or another replica identity that the change stream reads"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::EVERY_ENGINE
    }
    fn why(&self) -> &'static str {
        "A replicated update or delete finds its row by the replica identity; a deferrable primary key or replica identity nothing does not identify a row."
    }
    fn remedy(&self) -> &'static str {
        "Add a primary key, choose another replica identity that the stream reads, or exclude the table with scope.exclude."
    }
    async fn run(&self, ctx: &StageContext) -> Result<Vec<Finding>, PortError> {
        let tables = ctx.old_writer.reads.tables(&ctx.plan.scope).await?;
        let whole_rows = ctx.replication.supports_whole_row_identity();
        Ok(self.judge(&tables, whole_rows, &*ctx.old_writer.reads))
    }
}

impl PrimaryKeys {
    /// `whole_rows`: the stream replicates tables whose replica identity is the whole row.
    fn judge(&self, tables: &[TableFacts], whole_rows: bool, engine: &dyn Remedies) -> Vec<Finding> {
        identity_faults(tables)
            .iter()
            .filter_map(|fault| {
                let message = objection(fault.identity, whole_rows)?;
                let remedy = engine.remedy(&fault.remedy());
                let remedy = format!("{remedy}; or exclude the table with scope.exclude");
                Some(self.finds(&fault.to_string(), message, &remedy))
            })
            .collect()
    }
}

fn objection(identity: ReplicaIdentity, whole_rows: bool) -> Option<String> {
    match identity {
        ReplicaIdentity::Key => None,
        ReplicaIdentity::FullRow => (!whole_rows)
            .then(|| "has replica identity full, which the plan's replication does not support".to_owned()),
        ReplicaIdentity::Missing(missing) => Some(format!(
            "{}: its updates and deletes cannot be replicated",
            missing.because()
        )),
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::catalogue::{MissingIdentity, TableName};

    use super::{super::PlainRemedies, *};

    fn found(identity: ReplicaIdentity, whole_rows: bool) -> Vec<Finding> {
        let table = TableFacts {
            table: TableName {
                schema: "shop".into(),
                name: "log".into(),
            },
            identity,
            ..TableFacts::default()
        };
        PrimaryKeys.judge(&[table], whole_rows, &PlainRemedies)
    }

    #[test]
    fn an_identity_that_the_stream_reads_passes_and_any_other_blocks() {
        for whole_rows in [true, false] {
            assert!(found(ReplicaIdentity::Key, whole_rows).is_empty());
            for missing in [
                MissingIdentity::NoPrimaryKey,
                MissingIdentity::DeferrablePrimaryKey,
                MissingIdentity::Nothing,
                MissingIdentity::IndexIsGone,
            ] {
                let findings = found(ReplicaIdentity::Missing(missing), whole_rows);
                assert!(findings[0].message.starts_with(missing.because()), "{findings:?}");
                assert!(findings[0].remedy.contains("scope.exclude"), "{findings:?}");
            }
        }
        assert!(found(ReplicaIdentity::FullRow, true).is_empty());
        assert_eq!(found(ReplicaIdentity::FullRow, false).len(), 1);
    }
}
