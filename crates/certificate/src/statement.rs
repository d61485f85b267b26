//! What a certificate says. The order of the fields here is their order in the file.

use crossover_core::{Lsn, catalogue::TableName, plan::Scope, routing::Side};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Hash, KeyId, PublicKey, WholeNumber, WriteCounters};

/// The form of certificates and proofs that this version writes and reads.
pub const FORMAT: u32 = 1;

/// Everything a certificate vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`FORMAT`].
    pub format: u32,
    /// There is one outcome a certificate can have.
    pub outcome: Outcome,
    /// When the counters and positions were read, before the first row. The certificate's age counts from here.
    pub started_at: Timestamp,
    /// When the comparison was done and signed.
    pub issued_at: Timestamp,
    /// The version of Crossover that compared.
    pub tool_version: String,
    /// Whose signature it is.
    pub signed_by: SignedBy,
    /// How rows became hashes.
    pub how: How,
    /// Which tables were to be compared. What it leaves out is not vouched for.
    pub scope: Scope,
    /// Both databases as they were found.
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

/// The key a certificate is signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignedBy {
    /// Short name of the key, made from it.
    pub key_id: KeyId,
    /// The Ed25519 public key, base64 of its 32 bytes.
    pub public_key: PublicKey,
}

/// How rows became hashes: what somebody needs to compute a chunk again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct How {
    pub method: Method,
    /// The seed of the hashes.
    pub seed: WholeNumber,
    /// The condition of the rows compared; none: all rows.
    #[serde(rename = "where")]
    pub condition: Option<String>,
}

/// The way a row is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Typed hash functions of the server, one column after the other.
    TypedHash,
    /// md5 of the row's text, on the server.
    Md5,
    /// Rows were streamed out and hashed outside.
    Stream,
}

/// Something of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sides<T> {
    pub source: T,
    pub target: T,
}

impl<T> Sides<T> {
    /// The one of a side.
    pub const fn of(&self, side: Side) -> &T {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }
}

/// One database as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SideFacts {
    /// `current_database()`.
    pub database: String,
    /// `server_version_num`, for example 160014.
    pub server_version_num: u32,
    /// `pg_control_system().system_identifier`; none where reading it is forbidden.
    pub system_identifier: Option<WholeNumber>,
    /// The end of the write-ahead log; none where the server does not tell.
    pub position: Option<Lsn>,
    /// `crossover_core::schema::fingerprint_hash` of everything in scope.
    pub schema_fingerprint: Hash,
    /// Since when writes are counted: the later of `pg_stat_database.stats_reset` and `pg_stat_bgwriter.stats_reset`. After a
    /// crash the counters begin at zero again, and from PostgreSQL 15 on only the second one tells.
    pub counted_since: Timestamp,
}

/// One table, equal on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CertifiedTable {
    pub table: TableName,
    /// The columns rows are told apart by; empty when the table has none.
    pub key: Vec<String>,
    /// The rows of all chunks together.
    pub rows: u64,
    /// What each side had counted before the first row was read; none: that side does not count writes.
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
    /// The first key of the chunk, as text; none: from the beginning.
    pub lower: Option<String>,
    /// The first key after the chunk, as text; none: to the end.
    pub upper: Option<String>,
    pub rows: u64,
    /// Sums over the hashes of its rows, whatever their order: one for each independent hash.
    pub sums: Vec<WholeNumber>,
}

impl Statement {
    /// Whether both schemas had the same fingerprint. Rows can be equal where an index or a grant is not.
    pub fn schemas_equal(&self) -> bool {
        self.sides.source.schema_fingerprint == self.sides.target.schema_fingerprint
    }
}
