//! The result of a comparison, and a type that proves the result is equality.

use std::collections::BTreeSet;

use crossover_core::{catalogue::TableName, plan::Scope, routing::Side};
use jiff::Timestamp;

use super::{
    Certificate, CertificateError, CertifiedTable, Chunk, Conditions, FORMAT, How, Outcome, SideFacts, Sides,
    SignedBy, SigningKey, Statement, WholeNumber, envelope, proof, soundness,
};

/// The complete result of a comparison, equal or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Both databases as they were before the first row was read.
    pub conditions: Conditions,
    pub how: How,
    pub scope: Scope,
    /// In any order.
    pub tables: Vec<ComparedTable>,
}

/// One table of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedTable {
    pub table: TableName,
    /// The columns that identify a row; empty if the table has none.
    pub key: Vec<String>,
    /// In any order. Chunks by ranges of the key begin with one without `lower`, end with one without
    /// `upper`, and each begins where the one with the next lower number ends. Chunks by other means (buckets
    /// of hashes) have no bounds.
    pub chunks: Vec<ComparedChunk>,
}

/// The same rows on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedChunk {
    /// Unique in its table, in the order of the bounds.
    pub id: u32,
    /// The first key of the chunk; `None` for the beginning of the table.
    pub lower: Option<String>,
    /// The first key after the chunk; `None` for the end of the table.
    pub upper: Option<String>,
    /// The digests of each side's rows.
    pub digests: Sides<ChunkDigest>,
}

/// The digest of a set of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkDigest {
    pub rows: u64,
    /// Sums over the hashes of the rows: one for each independent hash.
    pub sums: Vec<WholeNumber>,
}

/// A comparison in which every chunk of every table was equal. Only [`Comparison::equal`] creates one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EqualComparison {
    started_at: Timestamp,
    sides: Sides<SideFacts>,
    how: How,
    scope: Scope,
    tables: Vec<CertifiedTable>,
}

/// Why a comparison cannot be certified: all reasons.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "only databases that were compared completely and found equal can be certified: {}; repair what differs, then verify again",
    .reasons.join("; ")
)]
pub struct NotCertifiable {
    /// One for each table or table and side, sorted.
    pub reasons: Vec<String>,
}

/// Maximum number of chunks of one table in a message.
const NAMED_CHUNKS: usize = 5;

impl Comparison {
    /// Converts to a comparison that may be certified, if both sides were equal in every table of the scope.
    pub fn equal(mut self) -> Result<EqualComparison, NotCertifiable> {
        self.tables.sort_by(|a, b| a.table.cmp(&b.table));
        for table in &mut self.tables {
            table.chunks.sort_by_key(|chunk| chunk.id);
        }
        let mut reasons: Vec<_> = self.tables.iter().filter_map(ComparedTable::difference).collect();
        reasons.extend(self.uncompared());
        let Self {
            conditions,
            how,
            scope,
            tables,
        } = self;
        let tables: Vec<_> = tables
            .into_iter()
            .map(|table| table.certified(&conditions))
            .collect();
        reasons.extend(soundness::faults_of(&tables));
        reasons.sort();
        if !reasons.is_empty() {
            return Err(NotCertifiable { reasons });
        }
        Ok(EqualComparison {
            started_at: conditions.at,
            sides: Sides {
                source: conditions.sides.source.facts,
                target: conditions.sides.target.facts,
            },
            how,
            scope,
            tables,
        })
    }

    /// Tables of a side's scope that were not compared, and compared tables outside the scope.
    fn uncompared(&self) -> Vec<String> {
        let compared: BTreeSet<_> = self.tables.iter().map(|table| &table.table).collect();
        let mut reasons = Vec::new();
        for side in [Side::Source, Side::Target] {
            let there: BTreeSet<_> = self.conditions.sides.of(side).tables.keys().collect();
            let missed = there.difference(&compared);
            reasons.extend(
                missed.map(|table| format!("{side}: table {table} is in scope and was not compared")),
            );
            let absent = compared.difference(&there);
            reasons.extend(
                absent.map(|table| format!("{side}: table {table} was compared and is not in scope there")),
            );
        }
        reasons
    }
}

impl ComparedTable {
    fn difference(&self) -> Option<String> {
        let chunks = self.chunks.iter();
        let differing: Vec<_> = chunks
            .filter(|chunk| chunk.digests.source != chunk.digests.target)
            .collect();
        let (named, more) = differing.split_at(differing.len().min(NAMED_CHUNKS));
        let mut words: Vec<_> = named.iter().map(|chunk| chunk.difference()).collect();
        if !more.is_empty() {
            words.push(format!("and {} more", more.len()));
        }
        (!words.is_empty()).then(|| format!("table {} differs in chunk {}", self.table, words.join(", ")))
    }

    /// The table in the form of a certificate. The values of the source stand for both sides: the caller
    /// refuses differences.
    fn certified(self, conditions: &Conditions) -> CertifiedTable {
        let counters = |side| {
            conditions
                .sides
                .of(side)
                .tables
                .get(&self.table)
                .cloned()
                .flatten()
        };
        let writes = Sides {
            source: counters(Side::Source),
            target: counters(Side::Target),
        };
        let chunks = self.chunks.into_iter().map(|chunk| Chunk {
            id: chunk.id,
            lower: chunk.lower,
            upper: chunk.upper,
            rows: chunk.digests.source.rows,
            sums: chunk.digests.source.sums,
        });
        let chunks: Vec<_> = chunks.collect();
        CertifiedTable {
            rows: chunks.iter().fold(0, |sum, chunk| sum.saturating_add(chunk.rows)),
            root: proof::table_root(&self.table, &chunks),
            table: self.table,
            key: self.key,
            writes,
            chunks,
        }
    }
}

impl ComparedChunk {
    fn difference(&self) -> String {
        let (source, target) = (self.digests.source.rows, self.digests.target.rows);
        format!(
            "{} ({source} rows on the source, {target} on the target)",
            self.id
        )
    }
}

impl EqualComparison {
    /// Signs what was compared. `now` is the time of issue.
    pub fn certify(self, now: Timestamp, key: &SigningKey) -> Result<Certificate, CertificateError> {
        let statement = Statement {
            format: FORMAT,
            outcome: Outcome::Equal,
            started_at: self.started_at,
            issued_at: now,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            signed_by: SignedBy::of(&key.public_key()),
            root: proof::root(&self.how, &self.tables),
            how: self.how,
            scope: self.scope,
            sides: self.sides,
            tables: self.tables,
        };
        let signature = envelope::sign(&statement, key)?;
        Ok(Certificate { statement, signature })
    }
}
