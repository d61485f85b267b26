//! Writes rows. Only the sessions of this module write rows, and they are not used to read rows.

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
/// Limit for a statement that reads or writes one row by its key.
const STATEMENT: Duration = Duration::from_secs(30);
/// Shorter than `deadlock_timeout` (1 s), so that in a deadlock with the change stream the repair gives up,
/// not the stream.
const LOCK: Duration = Duration::from_millis(500);
/// Ends a session that hangs in a transaction, so that its locks are released.
const STARTUP_OPTIONS: &str = " -c idle_in_transaction_session_timeout=60000";
const SILENT: &str = "set local session_replication_role = replica";
/// Constraints are checked row by row, so that a violation fails one row and not the whole transaction.
const CHECK_EACH_ROW: &str = "set constraints all immediate";
/// In a file of statements no row can be skipped, so constraints are checked at the end of the transaction.
const CHECK_AT_END: &str = "set constraints all deferred";

/// Since version 15 a session can report its counters as soon as a statement has ended. Before, a session
/// reports them when it ends, and the server stores them within half a second.
const REPORTS_COUNTERS_AT_ONCE: &str =
    "select current_setting('server_version_num')::int4 >= 150000 as at_once";
const COUNT_NOW: &str = "select pg_catalog.pg_stat_force_next_flush()";
const HALF_A_SECOND_AND_MORE: Duration = Duration::from_millis(700);

impl PostgresDatabase {
    async fn writer(&self) -> Result<Client, Failure> {
        if let Some(client) = self.writers.take() {
            return Ok(client);
        }
        self.readers.close_one();
        self.open(STATEMENT, LOCK, STARTUP_OPTIONS).await
    }
}

#[async_trait]
impl Repair for PostgresDatabase {
    async fn writing(&self, scope: &Scope) -> PortResult<Vec<TableWriting>> {
        let rows = self
            .catalogue_session()
            .await?
            .query_scope(WRITING, scope, &[])
            .await?;
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
            // Spaces in the startup packet are escaped.
            .map(|(name, value)| format!("set {} = {};", ident(name), literal(&value.replace('\\', ""))))
            .collect();
        lines.join("\n")
    }

    fn opening(&self, silent: bool) -> String {
        format!("begin; {};", if silent { SILENT } else { CHECK_AT_END })
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
        let begin = format!("begin; {}", if silent { SILENT } else { CHECK_EACH_ROW });
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
        let rows = self.query(REPORTS_COUNTERS_AT_ONCE, &[]).await?;
        let at_once = rows.first().is_some_and(|row| row.get("at_once"));
        if at_once {
            for writer in &writers {
                // A session reports its counters when it ends.
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
