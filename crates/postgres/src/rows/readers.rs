//! Read-only sessions for row content. They are kept, for connecting costs more than most chunks do.

use std::time::Duration;

use crossover_core::{
    catalogue::TableName,
    ports::{PortError, Snapshot},
    rows::{HashPlan, Region},
};
use tokio_postgres::{Client, Row, error::SqlState, types::Type};

use crate::{
    PostgresDatabase,
    connection::Param,
    errors::Failure,
    quoting::{literal, qualified},
};

/// What a server says of a snapshot it does not know (since PostgreSQL 17 and before) and of one whose
/// session has just ended.
const GONE: [SqlState; 3] = [
    SqlState::UNDEFINED_OBJECT,
    SqlState::INVALID_PARAMETER_VALUE,
    SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
];

/// Whether a table and its partitions lie in the files they lay in at the snapshot: the catalogue's rows are
/// of the snapshot, the function tells of now. What has no file (a partitioned table, a foreign one) has none
/// then and now; what was not there then has no row.
const IN_ITS_FILES: &str = "select coalesce(bool_and(c.relfilenode = coalesce(pg_relation_filenode(c.oid), 0)), false) as so \
    from (select $1::regclass::oid union select relid::oid from pg_partition_tree($1::regclass)) r (relation) \
    join pg_class c on c.oid = r.relation";

/// Beginning to look at a snapshot, and ending it, takes next to no time.
const ENTER: Duration = Duration::from_secs(30);

const READ_ONLY: &str = " -c default_transaction_read_only=on -c idle_in_transaction_session_timeout=0";

/// Since 14 a server can notice that its client is gone while it still computes the answer.
const NOTICE_WHEN_WE_ARE_GONE: &str =
    "select set_config(name, '1s', false) from pg_settings where name = 'client_connection_check_interval'";

/// The snapshot a statement looks at, and the table or partition it reads then.
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
    /// Bounds what reading rows may ask of the server: `sessions` at a time, each statement for at most
    /// `statement`.
    #[must_use]
    pub fn with_reading(mut self, sessions: usize, statement: Duration) -> Self {
        self.long = tokio::sync::Semaphore::new(sessions.max(1));
        self.reading_limit = statement;
        self
    }

    /// Runs a query in a read-only session; with a snapshot, as of then.
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
        // A session in an unknown state is not given back.
        let rows = Box::pin(self.bounded(limit, client.query_typed(sql, params))).await?;
        if let Some(at) = at {
            self.done_looking(&client, at).await?;
        }
        self.readers.give_back(client);
        Ok(rows)
    }

    pub(crate) async fn open_reader(&self) -> Result<Client, Failure> {
        let client = self.open(self.reading_limit, Duration::ZERO, READ_ONLY).await?;
        let work = client.query_typed(NOTICE_WHEN_WE_ARE_GONE, &[]);
        Box::pin(self.bounded(Duration::from_secs(5), work)).await?;
        Ok(client)
    }

    /// Keeps a snapshot in a session of its own, which takes no place from the readers.
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

    /// Begins a transaction that looks at a snapshot. One that is gone has ended with its server or with the
    /// session that kept it: like a server that is away, it calls for beginning again.
    pub(super) async fn enter(&self, client: &Client, at: At<'_>) -> Result<(), Failure> {
        let begin = format!(
            "begin isolation level repeatable read read only; set transaction snapshot {}",
            literal(&at.snapshot.id)
        );
        let entered = Box::pin(self.bounded(ENTER, client.batch_execute(&begin))).await;
        entered.map_err(|failure| {
            if GONE.iter().any(|code| failure.is(code)) {
                let reason =
                    "the snapshot that was to be looked at is gone: its session or its server has ended";
                return PortError::unreachable(self.what(), reason).into();
            }
            failure
        })
    }

    /// Ends such a transaction. What was read is only good while the table lies in the files of the snapshot:
    /// one that was truncated or written anew since looks empty, or its rows lie in other blocks. The lock of
    /// the statement that has read it is still held.
    pub(super) async fn done_looking(&self, client: &Client, at: At<'_>) -> Result<(), Failure> {
        let relation = at.relation;
        let name = qualified(&relation.schema, &relation.name);
        let work = async {
            let rows = client.query_typed(IN_ITS_FILES, &[(&name, Type::TEXT)]).await?;
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
            "{relation} was written anew (VACUUM FULL, CLUSTER, ALTER TABLE, TRUNCATE) while it was read"
        );
        Err(PortError::unreachable(self.what(), reason).into())
    }
}
