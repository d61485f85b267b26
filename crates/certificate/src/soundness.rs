//! Whether a certificate is consistent. A signature proves the signer, not that the content makes sense.

use super::{CertifiedTable, Chunk, Statement, proof};

impl Statement {
    /// All contradictions in the statement.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = faults_of(&self.tables);
        if self.signed_by.key_id != self.signed_by.public_key.key_id() {
            faults.push("signed_by.key_id is not made from signed_by.public_key".to_owned());
        }
        if self.issued_at < self.started_at {
            faults.push("it was issued before the comparison began".to_owned());
        }
        if self.root != proof::root(&self.how, &self.tables) {
            faults.push("root is not the Merkle root of the tables".to_owned());
        }
        faults
    }
}

/// All impossible values of tables and chunks.
pub(super) fn faults_of(tables: &[CertifiedTable]) -> Vec<String> {
    let mut faults = Vec::new();
    if tables.is_empty() {
        faults.push("no table was compared, which proves nothing".to_owned());
    }
    for pair in tables.windows(2) {
        if pair[0].table >= pair[1].table {
            faults.push(format!("table {} is listed twice or out of order", pair[1].table));
        }
    }
    for table in tables {
        let mut named = |fault: String| faults.push(format!("table {}: {fault}", table.table));
        chunk_faults(&table.chunks).into_iter().for_each(&mut named);
        let rows: u128 = table.chunks.iter().map(|chunk| u128::from(chunk.rows)).sum();
        if u128::from(table.rows) != rows {
            named(format!("it has {} rows, its chunks have {rows}", table.rows));
        }
        if table.root != proof::table_root(&table.table, &table.chunks) {
            named("root is not the Merkle root of its chunks".to_owned());
        }
    }
    faults
}

fn chunk_faults(chunks: &[Chunk]) -> Vec<String> {
    let mut faults = Vec::new();
    if chunks.is_empty() {
        // An empty table has one chunk without rows, which shows that the table was compared.
        faults.push("it has no chunk, so no row was compared".to_owned());
    }
    for chunk in chunks {
        if chunk.sums.is_empty() {
            faults.push(format!("chunk {} has no sum of hashes", chunk.id));
        }
    }
    for pair in chunks.windows(2) {
        if pair[0].id >= pair[1].id {
            faults.push(format!("chunk {} is listed twice or out of order", pair[1].id));
        }
    }
    // Chunks by other means than ranges of the key, such as buckets of hashes, have no bounds at all.
    if chunks.iter().any(|c| c.lower.is_some() || c.upper.is_some()) {
        faults.extend(gaps(chunks));
    }
    faults
}

/// No chunk would cover the rows between two chunks.
fn gaps(chunks: &[Chunk]) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(first) = chunks.first().filter(|first| first.lower.is_some()) {
        faults.push(format!(
            "chunk {} is the first, but rows may come before it",
            first.id
        ));
    }
    if let Some(last) = chunks.last().filter(|last| last.upper.is_some()) {
        faults.push(format!(
            "chunk {} is the last, but rows may come after it",
            last.id
        ));
    }
    for pair in chunks.windows(2) {
        if pair[0].upper.is_none() || pair[0].upper != pair[1].lower {
            faults.push(format!(
                "chunk {} does not begin where chunk {} ends: rows between them were compared twice or not at all",
                pair[1].id, pair[0].id
            ));
        }
    }
    faults
}
