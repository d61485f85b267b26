//! The same comparison in pieces that different functions can take: a list of assignments, each compared by itself.

use crossover_core::{
    catalogue::TableName,
    plan::Scope,
    routing::Side,
    rows::{Bounds, Hashing, RowOptions, agree},
};
use serde::{Deserialize, Serialize};

use crate::{
    rows::{Comparison, Governor, Layout, Selection, TableResult},
    run::{CouldNotRun, Sides, VerifyError, VerifyOptions, prepare},
    watch::Watch,
};

/// One piece: a range of a table's key, or the whole of a table whose rows do not lie in the order of their key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    pub table: TableName,
    /// Texts of the first and the next range's first key; none is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    pub hashing: Hashing,
    pub seed: i64,
}

/// Cuts everything into at most about `most` assignments: the list has to fit into a state machine's state.
///
/// # Errors
/// As [`prepare`].
pub async fn assignments(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
    most: u64,
    watch: &dyn Watch,
) -> Result<(Vec<Assignment>, Vec<CouldNotRun>), VerifyError> {
    let prepared = prepare(sides, scope, options).await?;
    let rows: u64 = prepared
        .tables
        .iter()
        .map(|t| t.shapes.0.estimated_rows.max(t.shapes.1.estimated_rows))
        .sum();
    let mut wide = options.clone();
    wide.rows.chunk_rows = options.rows.chunk_rows.max(rows / most.max(1));
    let governor = Governor::new(options.max_load);
    let comparison = comparison(sides, &wide, &governor, watch);
    let mut list = Vec::new();
    for table in &prepared.tables {
        let layout = comparison
            .layout(
                (&table.shapes.0, &table.shapes.1),
                (&table.forms.0, &table.forms.1),
            )
            .await?;
        let ranges = match layout {
            Layout::Ranges(ranges) => ranges,
            Layout::Buckets { .. } => vec![Bounds::default()],
        };
        list.extend(ranges.into_iter().map(|bounds| Assignment {
            table: table.table.clone(),
            from: bounds.from,
            to: bounds.to,
            hashing: prepared.hashing,
            seed: prepared.seed,
        }));
    }
    Ok((list, prepared.could_not_run))
}

/// Compares one assignment.
///
/// # Errors
/// The table is gone or has changed so that its rows cannot be compared; a server that does not answer.
pub async fn compare_assignment(
    sides: &Sides<'_>,
    scope: &Scope,
    options: &VerifyOptions,
    assignment: &Assignment,
    watch: &dyn Watch,
) -> Result<TableResult, VerifyError> {
    let only = Selection {
        tables: vec![assignment.table.to_string()],
        exclude: Vec::new(),
    };
    let (source, target) = futures::try_join!(sides.source.shapes(scope), sides.target.shapes(scope))?;
    let pairs = only.pairs(source, target)?;
    let pair = pairs.into_iter().find(|pair| pair.table == assignment.table);
    let Some((source, target)) = pair.and_then(|pair| pair.source.zip(pair.target)) else {
        return Err(VerifyError::UnknownTables(crate::rows::UnknownTables(vec![
            assignment.table.to_string(),
        ])));
    };
    let row_options = RowOptions {
        hashing: assignment.hashing,
        seed: assignment.seed,
        condition: options.condition.clone(),
    };
    let (ours, theirs) = agree(&source, &target, &row_options)?;
    let governor = Governor::new(options.max_load);
    let comparison = comparison(sides, options, &governor, watch);
    let bounds = Bounds {
        from: assignment.from.clone(),
        to: assignment.to.clone(),
    };
    let layout = (bounds != Bounds::default()).then(|| Layout::Ranges(vec![bounds]));
    Ok(comparison
        .table_by((&source, &target), (&ours, &theirs), layout)
        .await?)
}

fn comparison<'a>(
    sides: &Sides<'a>,
    options: &'a VerifyOptions,
    governor: &'a Governor,
    watch: &'a dyn Watch,
) -> Comparison<'a> {
    let writer: Side = sides.writer;
    Comparison {
        source: sides.source,
        target: sides.target,
        clock: sides.clock,
        options: &options.rows,
        governor,
        watch,
        catch_up: sides.catch_up,
        writer,
    }
}
