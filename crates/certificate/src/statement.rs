//! The content of a certificate. The order of the fields here is their order in the file.

use crossover_core::{Position, catalogue::TableName, plan::Scope, routing::Side};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Hash, SignedBy, WholeNumber, WriteCounters};

/// The form of certificates and proofs that this version writes and reads.
pub const FORMAT: u32 = 1;

/// Everything a certificate asserts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`FORMAT`].
    pub format: u32,
    /// The only outcome a certificate can have.
    pub outcome: Outcome,
    /// When the counters and positions were read, before the first row. The certificate's age counts from
    /// this time.
    pub started_at: Timestamp,
    /// When the comparison was done and signed.
    pub issued_at: Timestamp,
    /// The version of Crossover that compared.
    pub tool_version: String,
    /// The key of the signature.
    pub signed_by: SignedBy,
    /// How rows were hashed.
    pub how: How,
    /// The tables that were to be compared. The certificate asserts nothing about excluded tables.
    pub scope: Scope,
    /// Facts about both databases.
    pub sides: Sides<SideFacts>,
    /// The Merkle root over all tables and all their chunks.
    pub root: Hash,
    /// Every table compared, sorted by name.
    pub tables: Vec<CertifiedTable>,
}

/// How a certified comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every chunk has as many rows and the same sums of hashes on both sides.
    Equal,
}

/// How rows were hashed: everything needed to compute a chunk again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct How {
    pub method: Method,
    /// The seed of the hashes.
    pub seed: WholeNumber,
    /// The condition for the compared rows; `None` for all rows.
    #[serde(rename = "where")]
    pub condition: Option<String>,
}

/// How a row is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Typed hash functions of the server, one column after the other.
    TypedHash,
    /// md5 of the row's text, computed on the server.
    Md5,
    /// Rows were streamed and hashed by Crossover.
    Stream,
}

/// A value for each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sides<T> {
    pub source: T,
    pub target: T,
}

impl<T> Sides<T> {
    /// The value of one side.
    pub const fn of(&self, side: Side) -> &T {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }
}

/// Facts about one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SideFacts {
    /// `current_database()`.
    pub database: String,
    /// `server_version_num`, for example 160014.
    pub server_version_num: u32,
    /// `pg_control_system().system_identifier`; `None` where the role may not read it.
    pub system_identifier: Option<WholeNumber>,
    /// Where its changes end, as its engine writes it; none where the server does not tell.
    pub position: Option<Position>,
    /// `crossover_core::schema::fingerprint_hash` of everything in scope.
    pub schema_fingerprint: Hash,
    /// Since when writes are counted: the later of `pg_stat_database.stats_reset` and
    /// `pg_stat_bgwriter.stats_reset`. After a crash the counters start at zero again, and from PostgreSQL 15
    /// on only the second value shows that.
    pub counted_since: Timestamp,
}

/// One table, equal on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CertifiedTable {
    pub table: TableName,
    /// The columns that identify a row; empty if the table has none.
    pub key: Vec<String>,
    /// The rows of all chunks together.
    pub rows: u64,
    /// Each side's counters before the first row was read; `None` if that side does not count writes.
    pub writes: Sides<Option<WriteCounters>>,
    /// The Merkle root over the chunks.
    pub root: Hash,
    /// Every chunk, sorted by number.
    pub chunks: Vec<Chunk>,
}

/// Some rows of a table, equal on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// Unique in its table.
    pub id: u32,
    /// The first key of the chunk, as text; `None` for the beginning of the table.
    pub lower: Option<String>,
    /// The first key after the chunk, as text; `None` for the end of the table.
    pub upper: Option<String>,
    pub rows: u64,
    /// Sums over the hashes of its rows, whatever their order: one for each independent hash.
    pub sums: Vec<WholeNumber>,
}

impl Statement {
    /// Whether both schemas had the same fingerprint. Rows can be equal where an index or a grant differs.
    pub fn schemas_equal(&self) -> bool {
        self.sides.source.schema_fingerprint == self.sides.target.schema_fingerprint
    }
}
