//! The inspection after the last request: whether the two sides are equal and the sequences are ahead.

use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    catalogue::{SequenceFacts, TableName},
    catch_up::wait_for_marker,
    plan::Scope,
    ports::{Catalogue, PortError},
    routing::Side,
};
use crossover_postgres::PostgresDatabase;
use crossover_verify::{Sides, Silent, VerifyError, VerifyOptions, compare_rows};

use crate::{
    environment::Databases,
    error::{RehearsalError, Result},
};

/// The stream was fast until now, so a catch-up marker that takes longer than this is lost.
const MARKER_LIMIT: Millis = Millis(60_000);

/// A table on both sides.
#[derive(Debug, Clone)]
pub struct TableVerdict {
    pub name: String,
    /// Rows on both sides; `None` if the table was not compared.
    pub rows: Option<(u64, u64)>,
    pub equal: bool,
    /// Why the table was not compared.
    pub not_compared: Option<String>,
}

/// Reason for tables that the change stream does not carry.
const NOT_LOADED: &str =
    "the change stream cannot carry it, so no row was loaded (the pre-check states the reason)";

/// A sequence on both sides.
#[derive(Debug, Clone)]
pub struct SequenceVerdict {
    pub name: String,
    pub source: Option<i64>,
    pub target: Option<i64>,
    /// Whether the writer's position is beyond every value that the other side has issued.
    pub ahead: bool,
}

/// The result of the inspection.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    pub tables: Vec<TableVerdict>,
    pub sequences: Vec<SequenceVerdict>,
}

/// Waits until the other side has received every change of the writer, then compares all tables and
/// sequences.
///
/// `not_carried` tables were never loaded, so they are neither compared nor reported as different.
pub async fn inspect(
    databases: &Databases,
    writer: Side,
    moved: bool,
    scope: &Scope,
    not_carried: &[TableName],
) -> Result<Inspection> {
    let (source, target) = (
        databases.source.product().await?,
        databases.target.product().await?,
    );
    let (from, to) = match writer {
        Side::Source => (&source, &target),
        Side::Target => (&target, &source),
    };
    let nonce = uuid::Uuid::new_v4().to_string();
    wait_for_marker(from, to, &SystemClock, ("inspection", &nonce), MARKER_LIMIT).await?;
    let mut inspection = Inspection {
        tables: tables(&source, &target, &scope.without(not_carried)).await?,
        ..Inspection::default()
    };
    inspection
        .tables
        .extend(not_carried.iter().map(|table| TableVerdict {
            name: table.to_string(),
            rows: None,
            equal: false,
            not_compared: Some(NOT_LOADED.to_owned()),
        }));
    inspection.tables.sort_by(|a, b| a.name.cmp(&b.name));
    let (ours, theirs) = tokio::try_join!(source.sequences(scope), target.sequences(scope))?;
    for sequence in &ours {
        let twin = theirs
            .iter()
            .find(|t| t.schema == sequence.schema && t.name == sequence.name);
        let (new, old) = match writer {
            Side::Source => (Some(sequence), twin),
            Side::Target => (twin, Some(sequence)),
        };
        inspection.sequences.push(SequenceVerdict {
            name: sequence.to_string(),
            source: sequence.last_value,
            target: twin.and_then(|t| t.last_value),
            ahead: is_ahead(new, old, moved),
        });
    }
    Ok(inspection)
}

/// Compares every table row by row; a table that could not be compared is not equal.
async fn tables(
    source: &PostgresDatabase,
    target: &PostgresDatabase,
    scope: &Scope,
) -> Result<Vec<TableVerdict>> {
    let sides = Sides {
        source,
        target,
        writer: Side::Source,
        catch_up: None,
        clock: &SystemClock,
    };
    let report = compare_rows(&sides, scope, &VerifyOptions::default(), &Silent)
        .await
        .map_err(|error| match error {
            VerifyError::Port(port) => RehearsalError::from(port),
            other => PortError::refused("the comparison of both sides", other).into(),
        })?;
    let compared = report.tables.into_iter().map(|table| TableVerdict {
        name: table.name,
        rows: Some((table.rows_source, table.rows_target)),
        equal: table.equal,
        not_compared: None,
    });
    let failed = report.could_not_run.into_iter().map(|table| TableVerdict {
        name: table.name,
        rows: None,
        equal: false,
        not_compared: Some(format!("{}; {}", table.reason, table.remedy)),
    });
    let mut tables: Vec<TableVerdict> = compared.chain(failed).collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tables)
}

/// If the last run moved nothing (an abort), the other side has issued no value since; its sequences may be
/// ahead, because the aborted run prepared them.
fn is_ahead(new: Option<&SequenceFacts>, old: Option<&SequenceFacts>, moved: bool) -> bool {
    let (Some(new), Some(old)) = (new, old) else {
        return false;
    };
    !moved || new.is_beyond(old)
}
