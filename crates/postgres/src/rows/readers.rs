//! Statements in read-only sessions, alone or several over one snapshot.

use std::{slice, time::Duration};

use crossover_core::{
    catalogue::TableName,
    ports::{PortError, PortResult, Snapshot},
    rows::{HashPlan, Region},
};
use futures::{TryStreamExt, pin_mut};
use tokio_postgres::{Client, Row, error::SqlState, types::Type};

use crate::{
    PostgresDatabase,
    errors::Failure,
    kept::Param,
    quoting::{literal, qualified},
    reader::Reader,
};

/// The server's errors for an unknown snapshot (since PostgreSQL 17, and before) and for a snapshot whose
/// session has just ended.
const UNKNOWN_SNAPSHOT: [SqlState; 3] = [
    SqlState::UNDEFINED_OBJECT,
    SqlState::INVALID_PARAMETER_VALUE,
    SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
];

/// Whether tables and their partitions still have the files they had at the snapshot: the catalogue's rows are those of
/// the snapshot, the function returns the present file. Partitioned and foreign tables have no file at either time; a
/// table created after the snapshot has no row.
const SAME_FILES: &str = "with asked as materialized (select unnest($1::text[])::regclass::oid as relation) \
    select coalesce(bool_and(c.relfilenode = coalesce(pg_relation_filenode(c.oid), 0)), false) \
        and (select count(*) from asked a join pg_class c on c.oid = a.relation) = cardinality($1) as so \
    from (select relation from asked union select t.relid::oid from asked, pg_partition_tree(relation) t) r (relation) \
    join pg_class c on c.oid = r.relation";

/// Limit for the begin and the end of a transaction over a snapshot, which normally take milliseconds.
const ENTER: Duration = Duration::from_secs(30);

/// The snapshot of a statement, and the table or partition that the statement reads.
#[derive(Clone, Copy)]
pub struct At<'a> {
    snapshot: &'a Snapshot,
    relations: &'a [TableName],
}

impl<'a> At<'a> {
    pub fn new(snapshot: &'a Snapshot, form: &'a HashPlan, region: &'a Region) -> Self {
        let relations = match region {
            Region::Leaf { relation, .. } => slice::from_ref(relation),
            Region::Leaves(relations) => relations,
            Region::Whole | Region::Keys(_) => slice::from_ref(&form.table),
        };
        Self { snapshot, relations }
    }
}

/// The session whose transaction keeps a snapshot; it ends when this is dropped.
struct Keeper(Option<Reader>);

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(reader) = self.0.take() {
            reader.tidy_up();
        }
    }
}

impl PostgresDatabase {
    /// Runs a query in a read-only session, over a snapshot if one is given.
    pub(super) async fn read_rows(
        &self,
        sql: &str,
        params: &[Param<'_>],
        at: Option<At<'_>>,
    ) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        self.read_each(sql, params, at, |row| {
            rows.push(row);
            Ok(())
        })
        .await?;
        Ok(rows)
    }

    /// The same row by row: a row of the answer takes several times the memory of what is read from it.
    pub(super) async fn read_each(
        &self,
        sql: &str,
        params: &[Param<'_>],
        at: Option<At<'_>>,
        mut take: impl FnMut(Row) -> PortResult<()> + Send,
    ) -> Result<(), Failure> {
        let client = self.reader().await?;
        let mut taken = Ok(());
        let read = async {
            if let Some(at) = at {
                self.enter(&client, at).await?;
            }
            let work = async {
                let rows = client.query_typed_raw(sql, params.to_vec()).await?;
                pin_mut!(rows);
                while let Some(row) = rows.try_next().await? {
                    if taken.is_ok() {
                        taken = take(row);
                    }
                }
                Ok(())
            };
            Box::pin(self.bounded(self.reading_limit, work)).await?;
            if let Some(at) = at {
                self.leave_snapshot(&client, at).await?;
            }
            Ok(())
        };
        let answer: Result<(), Failure> = read.await;
        match &answer {
            Ok(()) => client.give_back(),
            // The server has answered, so nothing runs in the session.
            Err(failure) if failure.code.is_some() && !failure.disconnected => client.tidy_up(),
            Err(_) => drop(client),
        }
        answer?;
        Ok(taken?)
    }

    /// Exports a snapshot in a session of its own.
    pub(super) async fn export_snapshot(&self) -> Result<Snapshot, Failure> {
        let keeper = Keeper(Some(self.reader().await?));
        let client = keeper
            .0
            .as_ref()
            .ok_or_else(|| PortError::unexpected(self.what(), "no session"))?;
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
            kept_by: Box::new(keeper),
        })
    }

    /// Begins a transaction over a snapshot.
    ///
    /// # Errors
    /// `ReadAgain` when the snapshot is gone, because its session or server has ended: the caller can start
    /// again with a new snapshot.
    pub(super) async fn enter(&self, client: &Client, at: At<'_>) -> Result<(), Failure> {
        let begin = format!(
            "begin isolation level repeatable read read only; set transaction snapshot {}",
            literal(&at.snapshot.id)
        );
        let entered = Box::pin(self.bounded(ENTER, client.batch_execute(&begin))).await;
        entered.map_err(|failure| {
            if UNKNOWN_SNAPSHOT.iter().any(|code| failure.is(code)) {
                let reason = "the snapshot no longer exists: its session or its server has ended";
                return PortError::read_again(self.what(), reason).into();
            }
            failure
        })
    }

    /// Ends such a transaction. The rows are valid only if the table still has the files of the snapshot: a
    /// table that was truncated or rewritten appears empty, or has its rows in other blocks. The statement's
    /// lock on the table is held until this check is done.
    pub(super) async fn leave_snapshot(&self, client: &Client, at: At<'_>) -> Result<(), Failure> {
        let relations = at.relations.iter();
        let names: Vec<String> = relations
            .clone()
            .map(|relation| qualified(&relation.schema, &relation.name))
            .collect();
        let work = async {
            let rows = client
                .query_typed(SAME_FILES, &[(&names, Type::TEXT_ARRAY)])
                .await?;
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
        let relations: Vec<String> = relations.map(ToString::to_string).collect();
        let reason = format!(
            "{} was rewritten (VACUUM FULL, CLUSTER, ALTER TABLE, TRUNCATE) while it was read",
            relations.join(" or ")
        );
        Err(PortError::read_again(self.what(), reason).into())
    }
}
