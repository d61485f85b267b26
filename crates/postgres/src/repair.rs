//! Writing rows. The sessions here are the only ones that do, and nothing that reads rows uses them.

mod statement;
mod transaction;

use std::time::Duration;

use async_trait::async_trait;
use crossover_core::{
    catalogue::TableName,
    plan::Scope,
    ports::{PortResult, Repair, RepairTransaction},
    rows::{RowChange, TableWriting, WritableTable},
};
use tokio_postgres::{Client, error::SqlState};

use crate::{
    PostgresDatabase,
    connection::PINNED,
    errors::Failure,
    quoting::{ident, literal},
};
use transaction::Transaction;

const WRITING: &str = concat!(include_str!("sql/scope.sql"), include_str!("sql/row_writing.sql"));
/// One row by its key.
const STATEMENT: Duration = Duration::from_secs(30);
/// Shorter than the server waits before it looks for deadlocks (1 s): in one with the change stream it is we
/// who give up.
const LOCK: Duration = Duration::from_millis(500);
/// A session that hangs lets its locks go.
const MORE: &str = " -c idle_in_transaction_session_timeout=60000";
const SILENT: &str = "set local session_replication_role = replica";
/// A row that violates a foreign key is then the one that fails, not its whole transaction.
const AT_ONCE: &str = "set constraints all immediate";
/// In a file, where nobody can leave a row out, everything may be put right until the end.
const IN_THE_END: &str = "set constraints all deferred";

/// Since 15 a session can be told to hand its counters over when the statement has ended. Before, it does so
/// when it ends, and the server writes them down within half a second.
const COUNTS_AT_ONCE: &str = "select current_setting('server_version_num')::int4 >= 150000 as at_once";
const COUNT_NOW: &str = "select pg_catalog.pg_stat_force_next_flush()";
const HALF_A_SECOND_AND_MORE: Duration = Duration::from_millis(700);

impl PostgresDatabase {
    async fn writer(&self) -> Result<Client, Failure> {
        match self.writers.take() {
            Some(client) => Ok(client),
            None => self.open(STATEMENT, LOCK, MORE).await,
        }
    }
}

#[async_trait]
impl Repair for PostgresDatabase {
    async fn writing(&self, scope: &Scope) -> PortResult<Vec<TableWriting>> {
        let rows = self.query_scope(WRITING, scope, &[]).await?;
        rows.iter()
            .map(|row| {
                let schemas: Vec<String> = self.read(row, "refers_to_schemas")?;
                let names: Vec<String> = self.read(row, "refers_to_names")?;
                Ok(TableWriting {
                    table: TableName {
                        schema: self.read(row, "schema")?,
                        name: self.read(row, "name")?,
                    },
                    granted: self.read(row, "granted")?,
                    generated: self.read(row, "generated")?,
                    always_identity: self.read(row, "always_identity")?,
                    compared_by_text: self.read(row, "compared_by_text")?,
                    refers_to: schemas
                        .into_iter()
                        .zip(names)
                        .map(|(schema, name)| TableName { schema, name })
                        .collect(),
                })
            })
            .collect()
    }

    async fn may_be_silent(&self) -> PortResult<bool> {
        let client = self.writer().await?;
        let sql = format!("begin; {SILENT}; rollback");
        match self.bounded(STATEMENT, client.batch_execute(&sql)).await {
            Ok(()) => {
                self.writers.give_back(client);
                Ok(true)
            }
            Err(failure) if failure.is(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    fn settings(&self) -> String {
        let lines: Vec<String> = PINNED
            .iter()
            // The startup packet wants spaces escaped.
            .map(|(name, value)| format!("set {} = {};", ident(name), literal(&value.replace('\\', ""))))
            .collect();
        lines.join("\n")
    }

    fn opening(&self, silent: bool) -> String {
        format!("begin; {};", if silent { SILENT } else { IN_THE_END })
    }

    fn statement(&self, table: &WritableTable, change: &RowChange) -> String {
        statement::statement(table, change)
    }

    async fn begin(
        &self,
        table: &WritableTable,
        silent: bool,
    ) -> PortResult<Box<dyn RepairTransaction + '_>> {
        let client = self.writer().await?;
        let begin = format!("begin; {}", if silent { SILENT } else { AT_ONCE });
        self.bounded(STATEMENT, client.batch_execute(&begin)).await?;
        Ok(Box::new(Transaction {
            database: self,
            client,
            table: table.clone(),
        }))
    }

    async fn done(&self) -> PortResult<()> {
        let writers = self.writers.take_all();
        if writers.is_empty() {
            return Ok(());
        }
        let rows = self.query(COUNTS_AT_ONCE, &[]).await?;
        let at_once = rows.first().is_some_and(|row| row.get("at_once"));
        if at_once {
            for writer in &writers {
                // A session that has ended has handed them over.
                let _ = self.bounded(STATEMENT, writer.batch_execute(COUNT_NOW)).await;
            }
        }
        drop(writers);
        if !at_once {
            tokio::time::sleep(HALF_A_SECOND_AND_MORE).await;
        }
        Ok(())
    }
}
