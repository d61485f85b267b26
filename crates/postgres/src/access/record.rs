//! The record of a lock, kept in the database it locks.
//!
//! A row could arrive by replication from the other side; a table's comment cannot. Only the row whose nonce
//! is in the comment is therefore this side's record.

use crossover_core::ports::{AccessSnapshot, PortError, PortResult};
use serde::{Deserialize, Serialize};
use tokio_postgres::error::SqlState;

use super::acl::Item;
use crate::{PostgresDatabase, quoting::literal};

/// The access before a lock, and the roles that the lock changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    pub nonce: String,
    pub snapshot: AccessSnapshot,
    /// Roles that lost LOGIN, sorted.
    pub locked: Vec<String>,
    /// The access list before the lock.
    pub items: Vec<Item>,
}

impl Record {
    /// SQL that writes the record; fails with `object_in_use` when a record exists.
    pub fn write_sql(&self) -> Result<String, serde_json::Error> {
        Ok(format!(
            "lock table crossover.access_snapshot in exclusive mode;\n\
             {}\
             insert into crossover.access_snapshot (nonce, run_id, recorded_at, body) \
                 values ({}, {}, clock_timestamp(), {});\n\
             comment on table crossover.access_snapshot is {};\n",
            expect_comment(None),
            literal(&self.nonce),
            literal(&self.snapshot.run_id),
            literal(&serde_json::to_string(self)?),
            literal(&self.nonce),
        ))
    }

    /// SQL that deletes the record; fails with `object_in_use` when another record has replaced this one.
    pub fn erase_sql(&self) -> String {
        format!(
            "lock table crossover.access_snapshot in exclusive mode;\n\
             {}\
             delete from crossover.access_snapshot where nonce = {};\n\
             comment on table crossover.access_snapshot is null;\n",
            expect_comment(Some(&self.nonce)),
            literal(&self.nonce),
        )
    }

    /// Every role the record names.
    pub fn named_roles(&self) -> Vec<String> {
        let grantees = self.items.iter().filter_map(|item| item.grantee.clone());
        self.snapshot
            .roles
            .iter()
            .map(|role| role.role.clone())
            .chain(grantees)
            .collect()
    }
}

fn expect_comment(nonce: Option<&str>) -> String {
    format!(
        "do $record$ begin if obj_description('crossover.access_snapshot'::regclass, 'pg_class') is distinct from {} then \
         raise exception 'the record of the lock was changed by another session' using errcode = '55006'; end if; end $record$;\n",
        nonce.map_or("null".to_owned(), literal)
    )
}

impl PostgresDatabase {
    /// This side's record, if it is locked.
    pub(crate) async fn record(&self) -> PortResult<Option<Record>> {
        let sql = "select (select s.body from crossover.access_snapshot s where s.nonce = c.nonce) as body \
                   from (select obj_description('crossover.access_snapshot'::regclass, 'pg_class') as nonce) c \
                   where c.nonce is not null";
        let rows = match self.query_prepared(sql, &[]).await {
            Err(failure)
                if failure.is(&SqlState::UNDEFINED_TABLE) || failure.is(&SqlState::INVALID_SCHEMA_NAME) =>
            {
                return Ok(None);
            }
            rows => rows?,
        };
        let Some(row) = rows.first() else { return Ok(None) };
        let body: Option<String> = self.read(row, "body")?;
        let body = body.ok_or_else(|| {
            PortError::unexpected(self.what(), "crossover.access_snapshot has lost the record that its comment names; only Crossover may write this table")
        })?;
        serde_json::from_str(&body).map(Some).map_err(|e| {
            PortError::unexpected(
                self.what(),
                format!("crossover.access_snapshot cannot be read: {e}"),
            )
        })
    }
}
