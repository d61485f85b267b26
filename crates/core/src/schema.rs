//! The comparison of everything except rows: schemas, positions of sequences, keys of tables, and planner
//! statistics of the target. The rules work only on what the catalogue port has read, and they name all
//! objects with a fault at once.
//!
//! What is compared is the engine's to know ([`Catalogue::fingerprint`]); what it leaves out it names
//! ([`Catalogue::not_compared`]).

mod comparison;
mod fingerprint;
mod not_compared;
mod primary_keys;
mod remedy;
mod sequences;
mod statistics;
mod weight;
mod wording;

use serde::{Deserialize, Serialize};

pub use comparison::compare;
pub use fingerprint::fingerprint_hash;
pub use not_compared::{NotCompared, Unjudged, not_compared};
pub use primary_keys::{IdentityFault, TableWithoutKey, identity_faults, without_key};
pub use remedy::{Remedies, Remedy};
pub use sequences::{SequenceOrder, SequencePair, positions};
pub use statistics::{StaleStatistics, Staleness, stale};
pub use weight::{Breaks, Severity};

use crate::{
    catalogue::ObjectClass,
    plan::Scope,
    ports::{Catalogue, PortResult},
    routing::Side,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    MissingOnTarget,
    ExtraOnTarget,
    Different,
}

/// One object that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SchemaDifference {
    /// `column shop.orders.total`, `index by_state on shop.orders`, …
    pub object: String,
    pub class: ObjectClass,
    pub kind: DifferenceKind,
    /// By the rules in `schema/weight.rs`.
    pub severity: Severity,
    /// What the difference breaks.
    pub breaks: Breaks,
    /// The differing properties on the source, or all of them where the object is missing on the target. Long
    /// texts are cut.
    pub source: Option<String>,
    /// The differing properties on the target, or all of them where the object is missing on the source. Long
    /// texts are cut.
    pub target: Option<String>,
    /// The full description for the operator, including the object's name:
    /// `column shop.orders.total: type numeric(12,2) on the source, numeric(10,2) on the target`.
    pub detail: String,
    /// What the operator has to do.
    pub remedy: String,
}

impl std::fmt::Display for SchemaDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.detail, self.remedy)
    }
}

/// The result of comparing everything except rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeyondRows {
    /// Errors first, each list sorted by object.
    pub schema_differences: Vec<SchemaDifference>,
    /// Every sequence of either side, including those without a fault.
    pub sequences: Vec<SequencePair>,
    /// Tables of the source without a primary key.
    pub primary_keys: Vec<TableWithoutKey>,
    /// Tables of the target with outdated or missing statistics.
    pub statistics: Vec<StaleStatistics>,
    /// What either side has and nothing above speaks of.
    pub not_compared: Vec<NotCompared>,
    /// [`fingerprint_hash`] of the source.
    pub fingerprint_source: String,
    /// [`fingerprint_hash`] of the target.
    pub fingerprint_target: String,
}

impl BeyondRows {
    /// The number of findings with this severity.
    pub fn count(&self, severity: Severity) -> usize {
        let schema = self.schema_differences.iter().map(|d| Some(d.severity));
        let sequences = self.sequences.iter().map(|s| s.severity);
        let keys = self.primary_keys.iter().map(|k| Some(k.severity));
        let statistics = self.statistics.iter().map(|s| Some(s.severity));
        schema
            .chain(sequences)
            .chain(keys)
            .chain(statistics)
            .filter(|found| *found == Some(severity))
            .count()
    }
}

/// Reads and compares both catalogues without changing anything.
///
/// # Errors
/// A side could not be read: the result is then unknown and must not count as equal.
pub async fn beyond_rows(
    source: &dyn Catalogue,
    target: &dyn Catalogue,
    scope: &Scope,
    writer: Side,
) -> PortResult<BeyondRows> {
    // Both sides at once: reading a large catalogue takes seconds.
    let (ours, theirs) = futures::try_join!(source.fingerprint(scope), target.fingerprint(scope))?;
    let (ours_issued, theirs_issued) = futures::try_join!(source.sequences(scope), target.sequences(scope))?;
    let sequences = positions(&ours_issued, &theirs_issued, writer, target);
    let primary_keys = without_key(&source.tables(scope).await?, source);
    let (ours_planned, theirs_planned) =
        futures::try_join!(source.statistics(scope), target.statistics(scope))?;
    let statistics = stale(&ours_planned, &theirs_planned, target);
    let (ours_unjudged, theirs_unjudged) =
        futures::try_join!(source.not_compared(scope), target.not_compared(scope))?;
    Ok(BeyondRows {
        schema_differences: compare(&ours, &theirs, target),
        sequences,
        primary_keys,
        statistics,
        not_compared: not_compared(&ours_unjudged, &theirs_unjudged),
        fingerprint_source: fingerprint_hash(&ours),
        fingerprint_target: fingerprint_hash(&theirs),
    })
}
