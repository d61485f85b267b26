//! The result for a table.

use crossover_core::{
    Millis,
    catalogue::TableName,
    rows::{Hashing, Shown},
};
use serde::Serialize;

use super::{Chunk, Difference};

/// A table on both sides.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableResult {
    pub name: String,
    pub rows_source: u64,
    pub rows_target: u64,
    pub equal: bool,
    /// How rows were hashed: `typed-hash`, `md5`, `stream`; `count` if rows were only counted.
    pub method: &'static str,
    /// The key's columns; empty if the sides have no key in common.
    pub key: Vec<String>,
    /// Columns of types whose own hash cannot be used: these are compared as text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub as_text: Vec<String>,
    /// Rows that were checked again because they changed during the comparison.
    pub rechecked: u64,
    /// Number of rows that differ, as far as they were examined.
    pub different_rows: u64,
    /// Whether more rows differ than are reported.
    pub truncated: bool,
    /// The reported differences, sorted by key.
    pub differences: Vec<Difference>,
    pub elapsed_ms: Millis,
    /// The table's name in its parts.
    #[serde(skip)]
    pub table: TableName,
    /// The chunks, as they were on both sides.
    #[serde(skip)]
    pub chunks: Vec<Chunk>,
}

impl TableResult {
    pub(super) fn new(table: TableName, hashing: Hashing, key: Vec<String>) -> Self {
        Self {
            name: table.to_string(),
            table,
            rows_source: 0,
            rows_target: 0,
            equal: true,
            method: hashing.as_str(),
            key,
            as_text: Vec::new(),
            rechecked: 0,
            different_rows: 0,
            truncated: false,
            differences: Vec::new(),
            elapsed_ms: Millis(0),
            chunks: Vec::new(),
        }
    }

    /// Discards the counts of one pass.
    pub(super) fn begin_again(&mut self) {
        (self.rows_source, self.rows_target, self.truncated) = (0, 0, false);
        self.chunks.clear();
    }

    /// The result as one clause for an error message.
    pub fn describe(&self) -> String {
        let keys: Vec<String> = self
            .differences
            .iter()
            .take(10)
            .map(|d| {
                let values: Vec<String> = d
                    .key
                    .iter()
                    .map(|(column, value)| format!("{column}={}", value.as_ref().map_or("NULL", Shown::text)))
                    .collect();
                format!("({})", values.join(","))
            })
            .collect();
        format!(
            "{} ({} rows against {}, for example {})",
            self.name,
            self.rows_source,
            self.rows_target,
            keys.join(" ")
        )
    }
}
