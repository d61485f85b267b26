//! Which tables are checked, and whether the options name things that exist.

use std::collections::BTreeSet;

use crossover_core::{catalogue::TableName, plan::Scope, ports::Catalogue};
use crossover_postgres::PostgresDatabase;
use crossover_verify::rows::Selection;

use super::Arguments;
use crate::databases::Connected;

/// The scope of the checks, and how many tables of the source and of the target are in it.
pub struct Scoped {
    pub scope: Scope,
    pub tables: (u64, u64),
}

/// The scope that the options describe.
///
/// # Errors
/// Names without a table or schema, all at once: a typing error must not leave a table unchecked. A scope
/// without tables: nothing would be checked.
pub async fn of(
    arguments: &Arguments,
    source: &PostgresDatabase,
    target: &PostgresDatabase,
) -> anyhow::Result<Scoped> {
    let schemas = Scope {
        schemas: arguments.schemas.clone(),
        exclude: Vec::new(),
    };
    let (source, target) = tokio::try_join!(names(source, &schemas), names(target, &schemas))?;
    let either: BTreeSet<&TableName> = source.iter().chain(&target).collect();
    let unknown: Vec<&str> = arguments
        .schemas
        .iter()
        .map(String::as_str)
        .filter(|schema| !either.iter().any(|table| table.schema == *schema))
        .collect();
    anyhow::ensure!(
        unknown.is_empty(),
        "no table on either side is in the schema {}: correct --schema",
        unknown.join(", ")
    );
    let selection = Selection {
        tables: Vec::new(),
        exclude: arguments.exclude.clone(),
    };
    if let Err(unknown) = selection.all_known(&either.iter().copied()) {
        anyhow::bail!("{unknown}: correct --exclude");
    }
    let count = |tables: &[TableName]| tables.iter().filter(|table| selection.holds(table)).count() as u64;
    let tables = (count(&source), count(&target));
    anyhow::ensure!(
        tables.0 > 0,
        "no table of the source is in scope, so nothing would be checked: name another database with --source, or other tables with \
         --schema and --exclude"
    );
    let left_out: Vec<TableName> = either
        .into_iter()
        .filter(|table| !selection.holds(table))
        .cloned()
        .collect();
    Ok(Scoped {
        scope: schemas.without(&left_out),
        tables,
    })
}

async fn names(database: &PostgresDatabase, scope: &Scope) -> anyhow::Result<Vec<TableName>> {
    let tables = database.tables(scope).await?;
    Ok(tables.into_iter().map(|table| table.table).collect())
}

/// What makes the result worth less.
///
/// # Errors
/// Exempt roles that exist on neither side, all at once.
pub async fn notes(
    arguments: &Arguments,
    scope: &Scope,
    sides: [(&str, &Connected); 2],
) -> anyhow::Result<Vec<String>> {
    let mut notes = Vec::new();
    let mut missing: BTreeSet<&String> = arguments.exempt_roles.iter().collect();
    for (label, side) in sides {
        let mut asked = arguments.exempt_roles.clone();
        asked.push(side.role.clone());
        for role in side.database.roles(scope, &asked).await? {
            missing.remove(&role.role);
            if role.superuser && role.role == side.role {
                notes.push(format!(
                    "{label}: {} is a superuser and sees and may do more than Crossover's role: check again with the role of the plan's secret",
                    role.role
                ));
            }
        }
    }
    let missing: Vec<&str> = missing.into_iter().map(String::as_str).collect();
    anyhow::ensure!(
        missing.is_empty(),
        "no role on either side is called {}: correct --exempt-role",
        missing.join(", ")
    );
    Ok(notes)
}
