//! A transaction that writes rows of one table.

use async_trait::async_trait;
use crossover_core::{
    ports::{PortResult, RepairTransaction, RowOutcome},
    rows::{HashPlan, RowChange, RowKey, RowTexts, RowValues, WritableTable},
};
use tokio_postgres::{
    Client, Row,
    error::{DbError, SqlState},
};

use super::{STATEMENT, statement};
use crate::{
    PostgresDatabase,
    errors::Failure,
    rows::{
        expression,
        lookup::{KeyEquality, key_params, keyed_sql},
        relation,
    },
};

/// When dropped without an end, the session is closed and the server rolls the transaction back.
pub struct Transaction<'a> {
    pub database: &'a PostgresDatabase,
    pub client: Client,
    pub table: WritableTable,
}

impl Transaction<'_> {
    async fn run(&self, sql: &str) -> Result<(), Failure> {
        self.database
            .bounded(STATEMENT, self.client.batch_execute(sql))
            .await
    }

    async fn locked(&self, keys: &[RowKey], whole: bool) -> Result<Vec<Row>, Failure> {
        let form = &self.table.form;
        if whole {
            self.run(&format!(
                "lock table {} in share row exclusive mode",
                relation(form)
            ))
            .await?;
        }
        let equality = if form
            .key_columns()
            .any(|column| self.table.writing.compared_by_text.contains(&column.name))
        {
            KeyEquality::Text
        } else {
            KeyEquality::Typed
        };
        let what = format!("{} as values", expression::values_text(form));
        let sql = format!("{} for update of q", keyed_sql(form, &what, equality));
        let values = self.database.key_texts(form, keys)?;
        let params = key_params(&values);
        self.database
            .bounded(STATEMENT, self.client.query_typed(&sql, &params))
            .await
    }

    async fn end(self, sql: &str) -> PortResult<()> {
        self.run(sql).await?;
        self.database.writers.give_back(self.client);
        Ok(())
    }
}

#[async_trait]
impl RepairTransaction for Transaction<'_> {
    async fn lock(&mut self, keys: &[RowKey], whole: bool) -> PortResult<Option<Vec<RowValues>>> {
        let rows = match self.locked(keys, whole).await {
            Ok(rows) => rows,
            Err(failure) if is_busy(&failure) => return Ok(None),
            Err(failure) => return Err(failure.into()),
        };
        rows.iter()
            .map(|row| {
                Ok(RowValues {
                    key: self.database.read(row, "key")?,
                    values: self.database.read(row, "values")?,
                })
            })
            .collect::<PortResult<_>>()
            .map(Some)
    }

    async fn change(&mut self, change: &RowChange) -> PortResult<RowOutcome> {
        let sql = statement::returning(&self.table, change);
        let work = async {
            // Sent together; the server runs them in this order.
            let (savepoint, rows) = futures::join!(
                self.client.batch_execute("savepoint of_row"),
                self.client.query_typed(&sql, &[])
            );
            savepoint?;
            Ok(rows)
        };
        let rows = self.database.bounded(STATEMENT, work).await?;
        let written = match &rows {
            Ok(rows) => match rows.first() {
                None => RowOutcome::NotAsSeen,
                Some(row) => {
                    let made: RowTexts = self.database.read(row, "values")?;
                    judge(&self.table.form, change, &made)
                }
            },
            Err(error) => match error.as_db_error() {
                Some(db) => {
                    let failure = Failure::from_driver(self.database.what(), error);
                    if failure.disconnected {
                        return Err(failure.into());
                    }
                    RowOutcome::Failed(reason(db))
                }
                None => return Err(Failure::from_driver(self.database.what(), error).into()),
            },
        };
        let end = if written == RowOutcome::Done {
            "release savepoint of_row"
        } else {
            "rollback to savepoint of_row; release savepoint of_row"
        };
        self.run(end).await?;
        Ok(written)
    }

    async fn commit(self: Box<Self>) -> PortResult<()> {
        self.end("commit").await
    }

    async fn rollback(self: Box<Self>) -> PortResult<()> {
        self.end("rollback").await
    }
}

/// Whether another session held a lock, so that a retry can succeed.
fn is_busy(failure: &Failure) -> bool {
    [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ]
    .iter()
    .any(|code| failure.is(code))
}

/// Checks that the row has the requested values: a trigger, a generated column or a narrower type can change
/// them.
fn judge(form: &HashPlan, change: &RowChange, made: &[Option<String>]) -> RowOutcome {
    let Some(after) = &change.after else {
        return RowOutcome::Done;
    };
    let others: Vec<&str> = form
        .columns
        .iter()
        .zip(after.iter().zip(made))
        .filter(|(_, (wanted, made))| wanted != made)
        .map(|(column, _)| column.name.as_str())
        .collect();
    if others.is_empty() {
        return RowOutcome::Done;
    }
    RowOutcome::Failed(format!(
        "columns {} come out with other values on the target: compare their types, generation and triggers on both sides",
        others.join(", ")
    ))
}

/// The server's message without values of the row.
fn reason(error: &DbError) -> String {
    let code = error.code().code();
    // Data exceptions quote the value in the message itself.
    if code.starts_with("22") {
        return format!("the target's columns do not take a value of the row (SQLSTATE {code})");
    }
    format!("{} (SQLSTATE {code})", error.message())
}
