//! Writes the SQL file that gives tables a replica identity.

use std::path::Path;

use anyhow::Context as _;
use crossover_core::{plan::Scope, ports::Catalogue};
use crossover_postgres::{PostgresDatabase, identity_sql};
use crossover_verify::rows::Selection;

/// Writes the statements for the selected tables of the source; writes no file if none is needed.
pub async fn write(file: &Path, source: &PostgresDatabase, selection: &Selection) -> anyhow::Result<()> {
    let mut tables = source.tables(&Scope::default()).await?;
    tables.retain(|table| selection.holds(&table.table));
    match identity_sql(&tables) {
        Some(sql) => {
            std::fs::write(file, sql).with_context(|| format!("cannot write {}", file.display()))?;
            eprintln!("replica identity: {}", file.display());
        }
        None => eprintln!(
            "replica identity: every table has one, {} was not written",
            file.display()
        ),
    }
    Ok(())
}
