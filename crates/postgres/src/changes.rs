//! Reads changes from a logical slot with test_decoding by SQL. This needs no replication connection,
//! publication or schema change, so it works on RDS and Aurora, too.
//!
//! Values are printed under the sessions' pinned settings, as `rows_of` prints keys. Where the two differ for
//! a type (an inet key, a domain over boolean), the lookup of the key returns the form of `rows_of`.

mod claim;
mod decoding;

use std::collections::BTreeMap;

use async_trait::async_trait;
use crossover_core::{
    catalogue::TableName,
    ports::{
        Change, Changes, Followed, PollOutcome, PortError, PortResult, Relation, Relations, RetainedState,
        Watched, Written,
    },
    rows::RowKey,
};
use futures::{StreamExt, pin_mut};
use tokio_postgres::{Client, Row, error::SqlState, types::Type};

use crate::{PostgresDatabase, errors::Failure, lsn::Lsn};
use decoding::{Line, RowChange, Tuple, Value};

const RELATIONS: &str = include_str!("sql/followed_relations.sql");
const DATABASE: &str = "select concat_ws('/', d.oid, d.datname) as database \
    from pg_database d where d.datname = current_database()";
/// `wal_status` exists only in newer versions and is therefore read through JSON. The server retains the log
/// from the slot's restart position.
const SLOT: &str = "select coalesce(s.confirmed_flush_lsn, '0/0')::text as confirmed, \
    greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(s.restart_lsn, pg_current_wal_lsn())), 0)::int8 as retained, \
    coalesce(to_jsonb(s)->>'wal_status' = 'lost', false) or s.restart_lsn is null as lost \
    from pg_replication_slots s where s.slot_name::text = $1 and s.database = current_database()";
const SLOT_LOST: &str = "the server removed log that the slot still needed (max_slot_wal_keep_size)";
/// A read of the slot that starts after this query decodes everything up to the returned position.
const FLUSHED: &str = "select pg_current_wal_flush_lsn()::text as lsn";
const PEEK: &str = "select p.lsn::text as lsn, p.data from pg_logical_slot_peek_changes($1, null, $2, \
    'include-xids', '0', 'skip-empty-xacts', '1') p";

#[async_trait]
impl Changes for PostgresDatabase {
    async fn identity(&self) -> PortResult<String> {
        let rows = self.query(DATABASE, &[]).await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no identity"))?;
        let database: String = self.read(row, "database")?;
        // Without a system identifier the address identifies the server.
        let server = match self.system_identifier().await? {
            Some(identifier) => identifier.to_string(),
            None => self.address().to_owned(),
        };
        Ok(format!("{server}/{database}"))
    }

    async fn claim(&self, name: &str) -> PortResult<()> {
        self.claim_slot(name).await
    }

    async fn relations(&self, followed: &[Followed]) -> PortResult<Relations> {
        let followed: BTreeMap<&TableName, &Followed> = followed.iter().map(|f| (&f.table, f)).collect();
        let rows = self.query(RELATIONS, &[]).await?;
        rows.iter().map(|row| self.relation(row, &followed)).collect()
    }

    async fn retained_state(&self, name: &str) -> PortResult<Option<RetainedState>> {
        let rows = self.query(SLOT, &[(&name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(RetainedState {
            position: self.lsn(self.read(row, "confirmed")?)?.into(),
            retained_bytes: self.read::<i64>(row, "retained")?.unsigned_abs(),
            lost: self.read::<bool>(row, "lost")?.then(|| SLOT_LOST.to_owned()),
        }))
    }

    async fn changes(
        &self,
        name: &str,
        relations: &Relations,
        watched: &Watched,
        limit: u32,
        take: &mut (dyn FnMut(Change) + Send),
    ) -> PortResult<PollOutcome> {
        // Outside the limit of concurrent readers, so that running chunks do not delay the reading of
        // changes.
        let client = self.reader_at_once().await?;
        let mut reading = Reading {
            relations,
            watched,
            take,
            taken: PollOutcome::default(),
            upto: None,
        };
        let taken = self.peek(&client, name, limit, &mut reading).await?;
        client.give_back();
        Ok(taken)
    }
}

impl PostgresDatabase {
    fn relation(
        &self,
        row: &Row,
        followed: &BTreeMap<&TableName, &Followed>,
    ) -> PortResult<(TableName, Option<Relation>)> {
        let name = |schema, name| {
            Ok::<_, PortError>(TableName {
                schema: self.read(row, schema)?,
                name: self.read(row, name)?,
            })
        };
        let identity: Option<Vec<String>> = self.read(row, "identity")?;
        let identity = identity.unwrap_or_default();
        let relation = followed
            .get(&name("root_schema", "root_name")?)
            .map(|f| Relation {
                table: f.table.clone(),
                key: f.key.clone(),
                tells_old_key: !f.key.is_empty() && f.key.iter().all(|column| identity.contains(column)),
            });
        Ok((name("schema", "name")?, relation))
    }

    async fn peek(
        &self,
        client: &Client,
        slot: &str,
        limit: u32,
        reading: &mut Reading<'_>,
    ) -> PortResult<PollOutcome> {
        let work = client.query_typed(FLUSHED, &[]);
        let rows = Box::pin(self.bounded(self.reading_limit, work)).await?;
        let flushed = match rows.first() {
            Some(row) => self.lsn(self.read(row, "lsn")?)?,
            None => return Err(PortError::unexpected(self.what(), "no position")),
        };
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let rows = client.query_typed_raw(
            PEEK,
            [
                (&slot as &(dyn tokio_postgres::types::ToSql + Sync), Type::NAME),
                (&limit, Type::INT4),
            ],
        );
        // Streamed, because a transaction may have changed more rows than fit into memory.
        let rows = self
            .bounded(self.reading_limit, rows)
            .await
            .map_err(|f| self.slot_gone(slot, f))?;
        pin_mut!(rows);
        let mut count = 0;
        while let Some(row) = self
            .next_row(&mut rows)
            .await
            .map_err(|f| self.slot_gone(slot, f))?
        {
            count += 1;
            let data: &str = self.read(&row, "data")?;
            let commit = reading
                .line(data)
                .map_err(|e| PortError::unexpected(self.what(), format!("slot {slot}: {e}")))?;
            if commit {
                reading.upto = Some(self.lsn(self.read(&row, "lsn")?)?);
            }
        }
        let mut taken = std::mem::take(&mut reading.taken);
        taken.complete = count < limit;
        let mut upto = reading.upto;
        if taken.complete {
            upto = upto.max(Some(flushed));
        }
        taken.upto = upto.map(Into::into);
        Ok(taken)
    }

    async fn next_row<S>(&self, rows: &mut S) -> Result<Option<Row>, Failure>
    where
        S: futures::Stream<Item = Result<Row, tokio_postgres::Error>> + Unpin + Send,
    {
        let next = async { rows.next().await.transpose() };
        self.bounded(self.reading_limit, next).await
    }

    fn slot_gone(&self, slot: &str, failure: Failure) -> PortError {
        if failure.is(&SqlState::UNDEFINED_OBJECT) {
            return PortError::missing(format!("slot {slot} in {}", self.what()));
        }
        failure.into()
    }
}

/// The state of one read of a slot.
struct Reading<'a> {
    relations: &'a Relations,
    watched: &'a Watched,
    take: &'a mut (dyn FnMut(Change) + Send),
    taken: PollOutcome,
    /// The end of the last transaction that was read.
    upto: Option<Lsn>,
}

impl<'a> Reading<'a> {
    /// Processes a line and returns whether the line ends a transaction.
    fn line(&mut self, text: &str) -> Result<bool, decoding::Malformed> {
        match decoding::line(text)? {
            Line::Commit => return Ok(true),
            Line::Other => {}
            Line::Truncate(names) => {
                for name in names {
                    if let Some(relation) = self.followed(&name) {
                        self.whole(relation);
                    }
                }
            }
            Line::Row { relation, change } => {
                if let Some(relation) = self.followed(&relation) {
                    self.row(relation, &change.read()?);
                }
            }
        }
        Ok(false)
    }

    fn followed(&mut self, name: &TableName) -> Option<&'a Relation> {
        if let Some(relation) = self.relations.get(name) {
            return relation.as_ref();
        }
        self.taken.unknown.insert(name.clone());
        None
    }

    fn whole(&mut self, relation: &Relation) {
        (self.take)(Change::Table {
            table: relation.table.clone(),
        });
    }

    fn row(&mut self, relation: &Relation, change: &RowChange<'_>) {
        let none = Tuple::new();
        let (old, new) = match change {
            RowChange::Insert(new) => (None, new.as_ref()),
            RowChange::Update { old, new } => (old.as_ref(), new.as_ref()),
            RowChange::Delete(old) => (old.as_ref(), None),
        };
        let inserted = matches!(change, RowChange::Insert(_));
        let old_key = old.and_then(|old| key_of(relation, old, &none));
        let new_key = new.and_then(|new| key_of(relation, new, old.unwrap_or(&none)));
        let understood = match change {
            RowChange::Insert(_) => new_key.is_some(),
            RowChange::Update { .. } => new_key.is_some() && (old.is_none() || old_key.is_some()),
            RowChange::Delete(_) => old_key.is_some(),
        };
        if !understood || !(inserted || relation.tells_old_key) {
            self.whole(relation);
            return;
        }
        if let Some(key) = old_key.filter(|key| new_key.as_ref() != Some(key)) {
            self.key(relation, key, None);
        }
        if let (Some(key), Some(new)) = (new_key, new) {
            self.key(relation, key, Some(new));
        }
    }

    fn key(&mut self, relation: &Relation, key: RowKey, tuple: Option<&Tuple<'_>>) {
        let watched = self
            .watched
            .get(&relation.table)
            .is_some_and(|keys| keys.contains(&key));
        (self.take)(Change::Row {
            table: relation.table.clone(),
            written: watched.then(|| tuple.map(written)),
            key,
        });
    }
}

/// The key's values. Values that the change left alone are in the other tuple, if at all.
fn key_of(relation: &Relation, tuple: &Tuple<'_>, other: &Tuple<'_>) -> Option<RowKey> {
    let find = |tuple: &Tuple<'_>, column: &String| {
        let found = tuple.iter().find(|(name, _)| name == column);
        found.and_then(|(_, value)| match value {
            Value::Text(text) => Some(text.clone().into_owned()),
            Value::Null | Value::Unchanged => None,
        })
    };
    let key: Vec<String> = relation
        .key
        .iter()
        .map(|column| find(tuple, column).or_else(|| find(other, column)))
        .collect::<Option<_>>()?;
    (!key.is_empty()).then_some(key)
}

fn written(tuple: &Tuple<'_>) -> Written {
    tuple
        .iter()
        .filter_map(|(name, value)| {
            let value = match value {
                Value::Null => None,
                Value::Text(text) => Some(text.clone().into_owned()),
                Value::Unchanged => return None,
            };
            Some((name.clone().into_owned(), value))
        })
        .collect()
}
