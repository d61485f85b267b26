//! Retained positions, implemented as logical replication slots.

use std::time::Duration;

use async_trait::async_trait;
use crossover_clock::SystemClock;
use crossover_core::{
    Millis, Position,
    polling::Polling,
    ports::{PortError, PortResult, RetainedPositions},
};
use tokio_postgres::{error::SqlState, types::Type};

use crate::{
    PostgresDatabase,
    lsn::{LogPositions, Lsn},
};

/// The output plugin of slots that Crossover reads itself: part of every PostgreSQL, usable without a
/// publication, and also the default of AWS DMS.
pub const OUTPUT_PLUGIN: &str = "test_decoding";

/// Creating a slot waits for every older transaction; a longer wait is refused.
const CREATE_LIMIT: Duration = Duration::from_secs(30);
/// Time in which a reader that was just stopped must release its slot.
const RELEASE_LIMIT: Millis = Millis(500);
const POLL: Millis = Millis(5);

struct Slot {
    plugin: String,
    here: bool,
    reader: Option<i32>,
    confirmed: Option<String>,
}

impl PostgresDatabase {
    /// The same database with another output plugin for new slots, as the reader of the changes requires.
    #[must_use]
    pub fn with_output_plugin(mut self, plugin: impl Into<String>) -> Self {
        self.output_plugin = plugin.into();
        self
    }

    async fn slot(&self, name: &str) -> PortResult<Option<Slot>> {
        let sql = "select coalesce(s.plugin::text, '') as plugin, s.database is not distinct from current_database() as here, \
                   s.active_pid, s.active, s.confirmed_flush_lsn::text as confirmed \
                   from pg_replication_slots s where s.slot_name::text = $1";
        let rows = self.query(sql, &[(&name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (active, pid): (bool, Option<i32>) = (self.read(row, "active")?, self.read(row, "active_pid")?);
        Ok(Some(Slot {
            plugin: self.read(row, "plugin")?,
            here: self.read(row, "here")?,
            reader: active.then_some(pid.unwrap_or_default()),
            confirmed: self.read(row, "confirmed")?,
        }))
    }

    /// The slot, after waiting until no process reads from it.
    async fn idle_slot(&self, name: &str) -> PortResult<Option<Slot>> {
        let mut polling = Polling::new(&SystemClock, POLL, RELEASE_LIMIT);
        loop {
            let slot = self.slot(name).await?;
            let Some(pid) = slot.as_ref().and_then(|slot| slot.reader) else {
                return Ok(slot);
            };
            polling.pause().await.map_err(|_| {
                self.refused(format!(
                    "slot {name} is read by pid {pid}; stop the replication task that uses it"
                ))
            })?;
        }
    }

    fn position_of(&self, name: &str, slot: &Slot) -> PortResult<Lsn> {
        let confirmed = slot.confirmed.as_deref();
        self.lsn(confirmed.ok_or_else(|| {
            self.refused(format!(
                "slot {name} has no position: its creation has not finished"
            ))
        })?)
    }

    fn check_slot(&self, name: &str, slot: &Slot) -> PortResult<Lsn> {
        if !slot.here || slot.plugin != self.output_plugin {
            return Err(self.refused(format!(
                "slot {name} exists already for another database or plugin ({}); drop it or choose another name",
                slot.plugin
            )));
        }
        self.position_of(name, slot)
    }

    /// A prepared transaction in any database blocks the creation of a slot until it ends.
    async fn refuse_prepared(&self, name: &str) -> PortResult<()> {
        let sql = "select string_agg(format('%s in database %s', p.gid, p.database), ', ' order by p.gid) as gids from pg_prepared_xacts p";
        let rows = self.query(sql, &[]).await?;
        let gids: Option<String> = rows.first().map_or(Ok(None), |row| self.read(row, "gids"))?;
        match gids {
            Some(gids) => Err(self.refused(format!(
                "slot {name} cannot be created while transactions are prepared: commit or roll back {gids}"
            ))),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl RetainedPositions for PostgresDatabase {
    async fn retain_position(&self, name: &str) -> PortResult<Position> {
        if let Some(slot) = self.slot(name).await? {
            return self.check_slot(name, &slot).map(Into::into);
        }
        self.refuse_prepared(name).await?;
        let sql = "select s.lsn::text as lsn from pg_create_logical_replication_slot($1, $2) s";
        match self
            .query_for(
                CREATE_LIMIT,
                sql,
                &[(&name, Type::NAME), (&self.output_plugin, Type::NAME)],
            )
            .await
        {
            Ok(rows) => {
                let row = rows
                    .first()
                    .ok_or_else(|| PortError::unexpected(self.what(), "no slot was created"))?;
                Ok(self.lsn(self.read(row, "lsn")?)?.into())
            }
            Err(failure) if failure.is(&SqlState::DUPLICATE_OBJECT) => match self.slot(name).await? {
                Some(slot) => self.check_slot(name, &slot).map(Into::into),
                None => Err(failure.into()),
            },
            Err(failure) => Err(failure.into()),
        }
    }

    async fn advance_position(&self, name: &str, to: &Position) -> PortResult<Position> {
        let to = LogPositions::read(to)?;
        let missing = || PortError::missing(format!("slot {name} in {}", self.what()));
        let slot = self.idle_slot(name).await?.ok_or_else(missing)?;
        let now = self.position_of(name, &slot)?;
        if now >= to {
            return Ok(now.into());
        }
        let sql = "select pg_replication_slot_advance($1, $2::text::pg_lsn)::text";
        let to = to.to_string();
        self.long_query(sql, &[(&name, Type::NAME), (&to, Type::TEXT)])
            .await?;
        let slot = self.slot(name).await?.ok_or_else(missing)?;
        Ok(self.position_of(name, &slot)?.into())
    }

    async fn release_position(&self, name: &str) -> PortResult<()> {
        if self.idle_slot(name).await?.is_none() {
            return Ok(());
        }
        match self
            .query("select pg_drop_replication_slot($1)", &[(&name, Type::NAME)])
            .await
        {
            Err(failure) if failure.is(&SqlState::UNDEFINED_OBJECT) => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }

    async fn retained_positions(&self) -> PortResult<Vec<String>> {
        let sql = "select s.slot_name::text as name from pg_replication_slots s where s.slot_type = 'logical' \
                   and s.database = current_database() order by 1";
        let rows = self.query(sql, &[]).await?;
        rows.iter().map(|row| self.read(row, "name")).collect()
    }
}
