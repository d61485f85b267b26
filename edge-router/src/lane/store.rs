//! The stored state of a lane: every accepted change with the resulting record.
//!
//! One row per change, keyed by epoch: record and audit entry are always written together, and two changes
//! can never take the same epoch.

use crossover_routing::{AuditEntry, ChainHead, LaneRecord};
use serde::Deserialize;
use worker::{Result, SqlStorage};

/// The lane's table.
pub struct Store {
    sql: SqlStorage,
}

#[derive(Deserialize)]
struct Row {
    record: String,
    entry: String,
}

#[derive(Deserialize)]
struct EntryRow {
    entry: String,
}

impl Store {
    /// Opens the store; the table is created at first use.
    pub fn new(sql: SqlStorage) -> Self {
        Self { sql }
    }

    fn ensure(&self) -> Result<()> {
        self.sql.exec(
            "create table if not exists changes \
             (epoch integer primary key, record text not null, entry text not null)",
            None,
        )?;
        Ok(())
    }

    /// The record after the last change and the chain's head; none before the first change.
    pub fn latest(&self) -> Result<Option<(LaneRecord, ChainHead)>> {
        self.ensure()?;
        let rows: Vec<Row> = self
            .sql
            .exec(
                "select record, entry from changes order by epoch desc limit 1",
                None,
            )?
            .to_array()?;
        let Some(row) = rows.first() else { return Ok(None) };
        let entry: AuditEntry = serde_json::from_str(&row.entry)?;
        Ok(Some((serde_json::from_str(&row.record)?, entry.head())))
    }

    /// Stores a change. A second change to the same epoch violates the primary key.
    pub fn append(&self, record: &LaneRecord, entry: &AuditEntry) -> Result<()> {
        let values = vec![
            (record.epoch.0 as i64).into(),
            serde_json::to_string(record)?.into(),
            serde_json::to_string(entry)?.into(),
        ];
        self.sql.exec(
            "insert into changes (epoch, record, entry) values (?, ?, ?)",
            values,
        )?;
        Ok(())
    }

    /// Every change, oldest first.
    pub fn entries(&self) -> Result<Vec<AuditEntry>> {
        self.ensure()?;
        let rows: Vec<EntryRow> = self
            .sql
            .exec("select entry from changes order by epoch", None)?
            .to_array()?;
        rows.iter()
            .map(|row| Ok(serde_json::from_str(&row.entry)?))
            .collect()
    }
}
