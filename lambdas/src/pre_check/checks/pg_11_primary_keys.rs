use async_trait::async_trait;
use crossover_core::{
    catalogue::{ReplicaIdentity, TableFacts},
    finding::{Finding, Severity},
    schema::{Remedies, identity_faults},
};

use super::{AppliesTo, Check, CheckContext, Unanswered};

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
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let tables = ctx.old_writer.tables(ctx.scope).await?;
        let whole_rows = ctx.whole_row_identity();
        Ok(self.judge(&tables, whole_rows, ctx.old_writer.reads))
    }
}

impl PrimaryKeys {
    /// `whole_rows`: the stream replicates tables whose replica identity is the whole row. `None`: not known here.
    fn judge(&self, tables: &[TableFacts], whole_rows: Option<bool>, engine: &dyn Remedies) -> Vec<Finding> {
        identity_faults(tables)
            .iter()
            .filter_map(|fault| {
                let (severity, message) = objection(fault.identity, whole_rows)?;
                let remedy = engine.remedy(&fault.remedy());
                let remedy = format!("{remedy}; or exclude the table with scope.exclude");
                let finding = self.finds(&fault.to_string(), message, &remedy);
                Some(Finding { severity, ..finding })
            })
            .collect()
    }
}

fn objection(identity: ReplicaIdentity, whole_rows: Option<bool>) -> Option<(Severity, String)> {
    match (identity, whole_rows) {
        (ReplicaIdentity::Key, _) | (ReplicaIdentity::FullRow, Some(true)) => None,
        (ReplicaIdentity::FullRow, Some(false)) => Some((
            Severity::Blocks,
            "has replica identity full, which the plan's replication does not support".to_owned(),
        )),
        (ReplicaIdentity::FullRow, None) => Some((
            Severity::Warns,
            "has replica identity full; whether the plan's replication supports that is not checked here"
                .to_owned(),
        )),
        (ReplicaIdentity::Missing(missing), _) => Some((
            Severity::Blocks,
            format!(
                "{}: its updates and deletes cannot be replicated",
                missing.because()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::catalogue::{MissingIdentity, TableName};

    use super::{super::PlainRemedies, *};

    fn found(identity: ReplicaIdentity, whole_rows: Option<bool>) -> Vec<Finding> {
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
        for whole_rows in [Some(true), Some(false), None] {
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
        assert!(found(ReplicaIdentity::FullRow, Some(true)).is_empty());
        let severities = |whole_rows| {
            let found = found(ReplicaIdentity::FullRow, whole_rows);
            found.iter().map(|f| f.severity).collect::<Vec<_>>()
        };
        assert_eq!(severities(Some(false)), [Severity::Blocks]);
        assert_eq!(severities(None), [Severity::Warns]);
    }
}
