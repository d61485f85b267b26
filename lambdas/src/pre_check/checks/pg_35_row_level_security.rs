use async_trait::async_trait;
use crossover_core::{catalogue::TableFacts, finding::Finding};

use super::{AppliesTo, Check, CheckContext, Unanswered};

/// A policy that hides rows from Crossover's role makes a comparison impossible. A policy that hides rows
/// from the replication user makes the initial copy incomplete without an error.
pub struct RowLevelSecurity;

#[async_trait]
impl Check for RowLevelSecurity {
    fn id(&self) -> &'static str {
        "PG35"
    }
    fn looks_at(&self) -> &'static str {
        "row-level security that hides rows from Crossover's role, on both sides"
    }
    fn applies_to(&self) -> AppliesTo {
        AppliesTo::POSTGRESQL
    }
    fn why(&self) -> &'static str {
        "Rows hidden from Crossover's role cannot be compared, and rows hidden from the replication user are missing in the initial copy."
    }
    fn remedy(&self) -> &'static str {
        "Give Crossover's role and the replication user BYPASSRLS, or make them members of the table's owner."
    }
    async fn run(&self, ctx: &CheckContext<'_>) -> Result<Vec<Finding>, Unanswered> {
        let mut findings = self.judge("", &ctx.old_writer.tables(ctx.scope).await?);
        findings.extend(self.judge("target: ", &ctx.new_writer.tables(ctx.scope).await?));
        Ok(findings)
    }
}

impl RowLevelSecurity {
    fn judge(&self, side: &str, tables: &[TableFacts]) -> Vec<Finding> {
        tables
            .iter()
            .filter(|t| t.rows_hidden)
            .map(|t| {
                self.finds(
                    &format!("{side}{}", t.table),
                    "has row-level security that applies to Crossover's role: its rows cannot be compared".to_owned(),
                    "alter role ... bypassrls for Crossover's role and for the replication user; where the server does not allow that, \
                     make them members of the table's owner (not sufficient for a table with force row level security)",
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossover_core::finding::Severity;

    #[test]
    fn only_tables_with_hidden_rows_block() {
        let hidden = TableFacts {
            rows_hidden: true,
            ..TableFacts::default()
        };
        let found = RowLevelSecurity.judge("target: ", &[hidden, TableFacts::default()]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Blocks);
        assert!(found[0].object.starts_with("target: ") && found[0].remedy.contains("bypassrls"));
    }
}
