//! Read-only sessions for row content. They are kept open, because connecting takes longer than most chunks.

use std::time::Duration;

use crossover_core::{
    catalogue::TableName,
    ports::{PortError, Snapshot},
    rows::{HashPlan, Region},
};
use tokio_postgres::{Client, Row, error::SqlState, types::Type};

use crate::{
    PostgresDatabase,
    errors::Failure,
    kept::Param,
    quoting::{literal, qualified},
};

/// The server's errors for an unknown snapshot (since PostgreSQL 17, and before) and for a snapshot whose
/// session has just ended.
const UNKNOWN_SNAPSHOT: [SqlState; 3] = [
    SqlState::UNDEFINED_OBJECT,
    SqlState::INVALID_PARAMETER_VALUE,
    SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
];

/// Whether a table and its partitions still have the files they had at the snapshot: the catalogue's rows are
/// those of the snapshot, the function returns the present file. Partitioned and foreign tables have no file
/// at either time; a table created after the snapshot has no row.
const SAME_FILES: &str = "select coalesce(bool_and(c.relfilenode = coalesce(pg_relation_filenode(c.oid), 0)), false) as so \
    from (select $1::regclass::oid union select relid::oid from pg_partition_tree($1::regclass)) r (relation) \
    join pg_class c on c.oid = r.relation";

/// Limit for the begin and the end of a transaction over a snapshot, which normally take milliseconds.
const ENTER: Duration = Duration::from_secs(30);

const READ_ONLY: &str = " -c default_transaction_read_only=on -c idle_in_transaction_session_timeout=0";

/// Since version 14 a server can detect during a statement that the client has disconnected.
const DETECT_DISCONNECT: &str =
    "select set_config(name, '1s', false) from pg_settings where name = 'client_connection_check_interval'";

/// The snapshot of a statement, and the table or partition that the statement reads.
#[derive(Clone, Copy)]
pub struct At<'a> {
    snapshot: &'a Snapshot,
    relation: &'a TableName,
}

impl<'a> At<'a> {
    pub const fn new(snapshot: &'a Snapshot, form: &'a HashPlan, region: &'a Region) -> Self {
        let relation = match region {
            Region::Leaf { relation, .. } => relation,
            Region::Whole | Region::Keys(_) => &form.table,
        };
        Self { snapshot, relation }
    }
}

impl PostgresDatabase {
    /// Limits the load of reading rows: at most `sessions` at a time, and each statement for at most
    /// `statement`.
    #[must_use]
    pub fn with_reading(mut self, sessions: usize, statement: Duration) -> Self {
        self.long = tokio::sync::Semaphore::new(sessions.max(1));
        self.reading_limit = statement;
        self
    }

    /// Runs a query in a read-only session, over a snapshot if one is given.
    pub(super) async fn read_rows(
        &self,
        sql: &str,
        params: &[Param<'_>],
        at: Option<At<'_>>,
    ) -> Result<Vec<Row>, Failure> {
        let _place = self.long_place().await?;
        let limit = self.reading_limit;
        let client = match self.readers.take() {
            Some(client) => client,
            None => self.open_reader().await?,
        };
        if let Some(at) = at {
            self.enter(&client, at).await?;
        }
        // A session in an unknown state is not returned to the pool.
        let rows = Box::pin(self.bounded(limit, client.query_typed(sql, params))).await?;
        if let Some(at) = at {
            self.leave_snapshot(&client, at).await?;
        }
        self.readers.give_back(client);
        Ok(rows)
    }

    pub(crate) async fn open_reader(&self) -> Result<Client, Failure> {
        let client = self.open(self.reading_limit, Duration::ZERO, READ_ONLY).await?;
        let work = client.query_typed(DETECT_DISCONNECT, &[]);
        Box::pin(self.bounded(Duration::from_secs(5), work)).await?;
        Ok(client)
    }

    /// Exports a snapshot in a separate session, outside the limit of concurrent readers.
    pub(super) async fn export_snapshot(&self) -> Result<Snapshot, Failure> {
        let client = self.open_reader().await?;
        let work = async {
            client
                .batch_execute("begin isolation level repeatable read read only")
                .await?;
            client.query_typed("select pg_export_snapshot() as id", &[]).await
        };
        let rows = Box::pin(self.bounded(ENTER, work)).await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no snapshot was exported"))?;
        let id = self.read(row, "id")?;
        Ok(Snapshot {
            id,
            kept_by: Box::new(client),
        })
    }

    /// Begins a transaction over a snapshot.
    ///
    /// # Errors
    /// `Unreachable` when the snapshot is gone, because its session or server has ended: the caller can
    /// start again with a new snapshot.
    pub(super) async fn enter(&self, client: &Client, at: At<'_>) -> Result<(), Failure> {
        let begin = format!(
            "begin isolation level repeatable read read only; set transaction snapshot {}",
            literal(&at.snapshot.id)
        );
        let entered = Box::pin(self.bounded(ENTER, client.batch_execute(&begin))).await;
        entered.map_err(|failure| {
            if UNKNOWN_SNAPSHOT.iter().any(|code| failure.is(code)) {
                let reason = "the snapshot no longer exists: its session or its server has ended";
                return PortError::unreachable(self.what(), reason).into();
            }
            failure
        })
    }

    /// Ends such a transaction. The rows are valid only if the table still has the files of the snapshot: a
    /// table that was truncated or rewritten appears empty, or has its rows in other blocks. The statement's
    /// lock on the table is held until this check is done.
    pub(super) async fn leave_snapshot(&self, client: &Client, at: At<'_>) -> Result<(), Failure> {
        let relation = at.relation;
        let name = qualified(&relation.schema, &relation.name);
        let work = async {
            let rows = client.query_typed(SAME_FILES, &[(&name, Type::TEXT)]).await?;
            client.batch_execute("commit").await?;
            Ok(rows)
        };
        let rows = Box::pin(self.bounded(ENTER, work)).await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no answer about a table's files"))?;
        if self.read(row, "so")? {
            return Ok(());
        }
        let reason = format!(
            "{relation} was rewritten (VACUUM FULL, CLUSTER, ALTER TABLE, TRUNCATE) while it was read"
        );
        Err(PortError::unreachable(self.what(), reason).into())
    }
}
