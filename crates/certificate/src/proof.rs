//! The composition of the Merkle root, and the path from one chunk to the root.
//!
//! Leaves are JSON arrays without whitespace, each named by its first element, so that no chunk reads as a
//! table:
//! - `["chunk", format, schema, table, id, lower, upper, rows, [sums]]`: a leaf of the table's tree;
//! - `["table", format, schema, table, [key], method, seed, where, rows, number of chunks, table root]`: a
//!   leaf of the tree over all tables. The leaf contains the way of hashing: anyone who verifies a chunk
//!   again must know that as surely as the sums;
//! - `["certificate", format, number of tables, root over all tables]`, hashed as a leaf, is the
//!   certificate's root.

use crossover_core::catalogue::TableName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CertifiedTable, Chunk, FORMAT, Hash, How, Statement, merkle};

/// One chunk with the path to a certificate's root. A proof is self-contained: with a trusted root, nothing
/// else of the certificate is needed to compare the chunk again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// [`FORMAT`].
    pub format: u32,
    pub chunk: Chunk,
    /// The position of the chunk in its table, from 0.
    pub chunk_index: u64,
    /// The sibling hashes on the path from the chunk to the table's root.
    pub chunk_path: Vec<Hash>,
    pub table: ProvenTable,
    /// The position of the table in the certificate, from 0.
    pub table_index: u64,
    /// The number of tables in the certificate.
    pub tables: u64,
    /// The sibling hashes on the path from the table to the root over all tables.
    pub table_path: Vec<Hash>,
}

/// The table of a proven chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenTable {
    pub table: TableName,
    pub key: Vec<String>,
    pub how: How,
    pub rows: u64,
    /// The number of chunks in the table.
    pub chunks: u64,
}

/// Why no proof can be made, or why a proof is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the certificate has no table {table}; ask for one of: {}", .known.join(", "))]
    NoSuchTable { table: TableName, known: Vec<String> },
    #[error(
        "the certificate has no chunk {chunk} of table {table}; its chunks are numbered {first} to {last}"
    )]
    NoSuchChunk {
        table: TableName,
        chunk: u32,
        first: u32,
        last: u32,
    },
    #[error(
        "the proof is of format {found}, this version reads {FORMAT}; check it with the version of Crossover that made it"
    )]
    OtherFormat { found: u32 },
    #[error(
        "chunk {chunk} of table {table} does not lead to the root {root}: the proof was altered, or belongs to another \
         certificate; take a new one from the certificate"
    )]
    OtherRoot {
        table: TableName,
        chunk: u32,
        root: Hash,
    },
}

impl InclusionProof {
    /// Checks that the chunk belongs to the certificate with this root. The root has to come from a checked
    /// certificate, or from a record made when the certificate was checked.
    pub fn verify(&self, root: &Hash) -> Result<(), ProofError> {
        if self.format != FORMAT {
            return Err(ProofError::OtherFormat { found: self.format });
        }
        if self.reaches() == Some(*root) {
            return Ok(());
        }
        Err(ProofError::OtherRoot {
            table: self.table.table.clone(),
            chunk: self.chunk.id,
            root: *root,
        })
    }

    fn reaches(&self) -> Option<Hash> {
        let ProvenTable {
            table,
            key,
            how,
            rows,
            chunks,
        } = &self.table;
        let chunk = chunk_leaf(table, &self.chunk);
        let table_root = merkle::climb(chunk, self.chunk_index, *chunks, &self.chunk_path)?;
        let table = table_leaf(table, key, how, *rows, *chunks, &table_root);
        let top = merkle::climb(table, self.table_index, self.tables, &self.table_path)?;
        Some(certificate_leaf(self.tables, &top))
    }
}

/// Extracts one chunk from a statement.
pub(super) fn prove(statement: &Statement, name: &TableName, id: u32) -> Result<InclusionProof, ProofError> {
    let tables = &statement.tables;
    let no_table = || ProofError::NoSuchTable {
        table: name.clone(),
        known: tables.iter().map(|table| table.table.to_string()).collect(),
    };
    let table_index = tables
        .iter()
        .position(|table| table.table == *name)
        .ok_or_else(no_table)?;
    let table = &tables[table_index];
    let chunks = &table.chunks;
    let no_chunk = || ProofError::NoSuchChunk {
        table: name.clone(),
        chunk: id,
        first: chunks.first().map_or(0, |chunk| chunk.id),
        last: chunks.last().map_or(0, |chunk| chunk.id),
    };
    let chunk_index = chunks
        .iter()
        .position(|chunk| chunk.id == id)
        .ok_or_else(no_chunk)?;
    let chunk_path = merkle::path(&chunk_leaves(name, chunks), chunk_index).ok_or_else(no_chunk)?;
    let table_path = merkle::path(&table_leaves(&statement.how, tables), table_index).ok_or_else(no_table)?;
    Ok(InclusionProof {
        format: FORMAT,
        chunk: chunks[chunk_index].clone(),
        chunk_index: chunk_index as u64,
        chunk_path,
        table: ProvenTable {
            table: name.clone(),
            key: table.key.clone(),
            how: statement.how.clone(),
            rows: table.rows,
            chunks: chunks.len() as u64,
        },
        table_index: table_index as u64,
        tables: tables.len() as u64,
        table_path,
    })
}

/// The root over everything compared.
pub(super) fn root(how: &How, tables: &[CertifiedTable]) -> Hash {
    certificate_leaf(tables.len() as u64, &merkle::root(&table_leaves(how, tables)))
}

/// The root over a table's chunks.
pub(super) fn table_root(table: &TableName, chunks: &[Chunk]) -> Hash {
    merkle::root(&chunk_leaves(table, chunks))
}

fn chunk_leaves(table: &TableName, chunks: &[Chunk]) -> Vec<Hash> {
    chunks.iter().map(|chunk| chunk_leaf(table, chunk)).collect()
}

fn table_leaves(how: &How, tables: &[CertifiedTable]) -> Vec<Hash> {
    let leaf = |t: &CertifiedTable| table_leaf(&t.table, &t.key, how, t.rows, t.chunks.len() as u64, &t.root);
    tables.iter().map(leaf).collect()
}

fn chunk_leaf(table: &TableName, chunk: &Chunk) -> Hash {
    let (schema, name) = (&table.schema, &table.name);
    let Chunk {
        id,
        lower,
        upper,
        rows,
        sums,
    } = chunk;
    leaf(&json!([
        "chunk", FORMAT, schema, name, id, lower, upper, rows, sums
    ]))
}

fn table_leaf(table: &TableName, key: &[String], how: &How, rows: u64, chunks: u64, root: &Hash) -> Hash {
    let (schema, name) = (&table.schema, &table.name);
    let How {
        method,
        seed,
        condition,
    } = how;
    leaf(&json!([
        "table", FORMAT, schema, name, key, method, seed, condition, rows, chunks, root
    ]))
}

fn certificate_leaf(tables: u64, root: &Hash) -> Hash {
    leaf(&json!(["certificate", FORMAT, tables, root]))
}

fn leaf(content: &Value) -> Hash {
    merkle::leaf(content.to_string().as_bytes())
}
