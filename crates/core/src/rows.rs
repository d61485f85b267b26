//! The facts about a table that a row-by-row comparison needs, and the form in which both sides hash its
//! rows.
//!
//! This module holds the rules, without any I/O. `crates/verify` runs the comparison, `crates/postgres`
//! writes the SQL.

mod block_range;
mod bucket_set;
mod change;
mod hash_plan;
mod layout;
mod shown;

use serde::{Deserialize, Serialize};

use crate::catalogue::TableName;

pub use block_range::{BlockRange, BlockRangeDigest, block_ranges, gather, integer_cuts};
pub use bucket_set::BucketSet;
pub use change::{Action, RowChange, RowTexts, TableWriting, WritableTable};
pub use hash_plan::{ColumnEncoding, ColumnPlan, Disagreement, HashPlan, RowOptions, negotiate};
pub use layout::{Bounds, ColumnStatistics, ranges};
pub use shown::{HEAD_CHARACTERS, LONG_BYTES, RowPrint, RowShown, Shown};

/// A column in one side's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnShape {
    pub name: String,
    /// The type in that side's SQL, for example `shop.money_amount` or `numeric(12,2)`.
    pub sql_type: String,
    /// How the engine would hash the column if the other side had the same type.
    pub form: ColumnEncoding,
    pub not_null: bool,
    /// Texts are ordered byte by byte, independently of the server's locale libraries.
    pub byte_order: bool,
}

/// A unique index whose columns can never be NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyShape {
    pub columns: Vec<String>,
    pub primary: bool,
}

/// A relation that holds rows: a table itself, or one of its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    pub relation: TableName,
    /// Length in blocks; `None` where the server cannot read the relation by blocks.
    pub blocks: Option<u32>,
    /// The server fetches its rows from another one.
    pub on_other_server: bool,
}

/// A table in one side's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    pub table: TableName,
    pub partitioned: bool,
    /// Row-level security applies to Crossover's role, and the server refuses to read the table.
    pub rows_hidden: bool,
    /// Sorted by name.
    pub columns: Vec<ColumnShape>,
    /// The primary key first, then those with fewest columns.
    pub keys: Vec<KeyShape>,
    pub leaves: Vec<Leaf>,
    /// On disk, without indexes.
    pub bytes: u64,
    /// The estimate of the server's statistics; 0 without one.
    pub estimated_rows: u64,
}

/// The hash method for rows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case", const_into_str)]
#[serde(rename_all = "kebab-case")]
pub enum Hashing {
    /// The server's hash functions for each type, chained over the columns. Used after they passed the
    /// known-answer test on this server.
    TypedHash,
    /// Halves of the md5 of the row's text, computed by the server.
    Md5,
    /// Rows are streamed (COPY BINARY) and hashed by Crossover, for servers that do not allow md5.
    Stream,
}

impl Hashing {
    /// The best method that both servers support.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        self.max(other)
    }

    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// A server's facts about hashing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashingFacts {
    /// The best method that passed the known-answer test.
    pub best: Hashing,
    /// The database's encoding, in which its hash functions read texts.
    pub encoding: String,
}

/// A row's key: the texts of the key's columns, in their order. In tables without a key, the hash of the row
/// stands for the key.
pub type RowKey = Vec<String>;

/// The number of rows and the sum of their hashes. Equal digests mean equal rows in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowDigest {
    pub rows: u64,
    /// Sum of the rows' hashes, wrapping at 128 bits.
    pub sum: i128,
}

impl RowDigest {
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            sum: self.sum.wrapping_add(other.sum),
        }
    }

    /// `other` has to be the digest of some of these rows.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self {
            rows: self.rows - other.rows,
            sum: self.sum.wrapping_sub(other.sum),
        }
    }
}

/// A row as its key and the hash of all its columns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowHash {
    pub key: RowKey,
    /// 64 bits where the server computes the hash, 128 where rows are streamed.
    pub hash: i128,
    /// The number of identical rows: more than one only in tables without a key.
    pub count: u64,
}

/// A row as the texts of its columns; `None` is NULL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowValues {
    pub key: RowKey,
    /// In the order of [`HashPlan::columns`].
    pub values: Vec<Option<String>>,
}

/// The part of a table that a statement reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Region {
    Whole,
    /// Keys whose first column lies within these bounds.
    Keys(Bounds),
    /// One leaf, or some of its blocks (from included, to not included).
    Leaf {
        relation: TableName,
        blocks: Option<(u32, u32)>,
    },
    /// Several whole leaves.
    Leaves(Vec<TableName>),
}
