//! What has to be known of a table to compare it row by row, and the form in which both sides hash its rows.
//!
//! The rules are here, without any I/O; `crates/verify` runs the comparison, `crates/postgres` writes the SQL.

mod block_range;
mod change;
mod hash_plan;
mod layout;

use serde::{Deserialize, Serialize};

use crate::catalogue::TableName;

pub use block_range::{BlockRange, BlockRangeDigest, block_ranges, gather, integer_cuts};
pub use change::{Action, RowChange, RowTexts, TableWriting, WritableTable};
pub use hash_plan::{ColumnEncoding, ColumnPlan, Disagreement, HashPlan, RowOptions, negotiate};
pub use layout::{Bounds, ColumnStatistics, ranges};

/// A column as one side's catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnShape {
    pub name: String,
    /// As SQL spells it on that side, for example `shop.money_amount` or `numeric(12,2)`.
    pub sql_type: String,
    /// How the engine would hash it if the other side had the same type.
    pub form: ColumnEncoding,
    pub not_null: bool,
    /// Its texts are ordered byte by byte, whatever libraries the server has.
    pub byte_order: bool,
}

/// A unique index whose columns can never be NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyShape {
    pub columns: Vec<String>,
    pub primary: bool,
}

/// A relation that holds rows: a table itself, or a partition of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    pub relation: TableName,
    /// How long it is; none where the server cannot read it by blocks.
    pub blocks: Option<u32>,
}

/// A table as one side's catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    pub table: TableName,
    pub partitioned: bool,
    /// Row-level security applies to the role of our connection: the server refuses to read the table.
    pub rows_hidden: bool,
    /// Sorted by name.
    pub columns: Vec<ColumnShape>,
    /// The primary key first, then those with fewest columns.
    pub keys: Vec<KeyShape>,
    pub leaves: Vec<Leaf>,
    /// On disk, without indexes.
    pub bytes: u64,
    /// The statistics' guess; 0 when there is none.
    pub estimated_rows: u64,
}

/// How rows become numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hashing {
    /// The server's typed hash functions, chained over the columns; they passed the known-answer test on this server.
    TypedHash,
    /// Halves of the md5 of the row's text, computed by the server.
    Md5,
    /// Rows are streamed (COPY BINARY) and hashed here: for servers that may not compute md5.
    Stream,
}

impl Hashing {
    /// The one that both servers can do.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        self.max(other)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TypedHash => "typed-hash",
            Self::Md5 => "md5",
            Self::Stream => "stream",
        }
    }
}

/// What a server can be trusted with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashingFacts {
    /// The best way of hashing it can do, by its answers to known questions.
    pub best: Hashing,
    /// The database's encoding: its hash functions see texts in it.
    pub encoding: String,
}

/// A row's key: the texts of the key's columns, in their order. Rows of tables without a key have their hash instead.
pub type RowKey = Vec<String>;

/// Rows that add up to this; equal digests mean equal rows, whatever their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowDigest {
    pub rows: u64,
    /// Sum of the rows' hashes, wrapping at 128 bits.
    pub sum: i128,
}

impl RowDigest {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            sum: self.sum.wrapping_add(other.sum),
        }
    }

    /// Without rows that are among these.
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
    /// 64 bits where the server computes it, 128 where rows are streamed.
    pub hash: i128,
    /// How many such rows there are: more than one only where there is no key.
    pub count: u64,
}

/// A row as the texts of its columns; none is NULL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowValues {
    pub key: RowKey,
    /// In the order of [`HashPlan::columns`].
    pub values: Vec<Option<String>>,
}

/// Which of a table's rows a statement looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Region {
    Whole,
    /// Keys whose first column lies within these bounds.
    Keys(Bounds),
    /// One leaf: all of it, or what lies in some of its blocks (the end is not included).
    Leaf {
        relation: TableName,
        blocks: Option<(u32, u32)>,
    },
}
