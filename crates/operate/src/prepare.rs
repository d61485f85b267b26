//! Prepares a database for its migration: Crossover's own tables, which no stage creates before it needs them.

use crossover_core::{
    catalogue::Shortfall,
    ports::{Catalogue, CatchUpMarkers, PortError},
    routing::Side,
};

/// Why a side is not prepared.
#[derive(Debug, thiserror::Error)]
pub enum NotPrepared {
    #[error("{0}")]
    Port(#[from] PortError),
    /// What exists has another form or another owner, and is not changed.
    #[error("{}", sentences(.side.name(), .remaining))]
    Remains { side: Side, remaining: Vec<Shortfall> },
}

fn sentences(side: &str, remaining: &[Shortfall]) -> String {
    let lines = remaining
        .iter()
        .map(|lack| format!("{side}: {} {}; {}", lack.object, lack.message, lack.remedy));
    lines.collect::<Vec<_>>().join("\n")
}

/// Creates what is missing on one side, and returns what that was. A second call finds nothing to do.
///
/// # Errors
/// The server refuses, or something remains that only its owner can put right.
pub async fn prepare<D: Catalogue + CatchUpMarkers>(
    side: Side,
    database: &D,
) -> Result<Vec<Shortfall>, NotPrepared> {
    let lacked = database.own_tables().await?;
    if lacked.is_empty() {
        return Ok(lacked);
    }
    database.prepare_marker().await?;
    let remaining = database.own_tables().await?;
    if remaining.is_empty() {
        Ok(lacked)
    } else {
        Err(NotPrepared::Remains { side, remaining })
    }
}
