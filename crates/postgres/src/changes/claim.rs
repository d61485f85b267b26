//! Only one process at a time reads a slot: a second reader would consume changes that the first then never
//! receives.

use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    polling::Polling,
    ports::{PortError, PortResult},
};
use tokio_postgres::{Client, types::Type};

use crate::{PostgresDatabase, connection::STATEMENT, pool::Claim};

/// How long the session of a process that has just ended may still hold the lock.
const LEAVING: Millis = Millis(5_000);
const POLL: Millis = Millis(50);

/// The server detects a dead client machine within about a minute; by default this takes hours.
const KEEPALIVE: &str = " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3";
/// Turns off the end of idle sessions, a setting that exists since version 14.
const MAY_IDLE: &str =
    "select set_config(s.name, '0', false) from pg_settings s where s.name = 'idle_session_timeout'";
/// A session lock: the server releases the lock when the process ends, for whatever reason.
const CLAIM: &str = "select pg_try_advisory_lock(hashtextextended($1, 0)) as claimed";
const HOLDER: &str = "select l.pid from pg_locks l \
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1 \
      and l.database = (select d.oid from pg_database d where d.datname = current_database()) \
      and (l.classid::int8 << 32 | l.objid::int8) = hashtextextended($1, 0)";

impl PostgresDatabase {
    pub(super) async fn claim_slot(&self, slot: &str) -> PortResult<()> {
        let mut held = self.claim.lock().await;
        if held
            .as_ref()
            .is_some_and(|claim| claim.slot == slot && !claim.session.is_closed())
        {
            return Ok(());
        }
        *held = None;
        let session = self.open(STATEMENT, STATEMENT, KEEPALIVE).await?;
        self.bounded(STATEMENT, session.query_typed(MAY_IDLE, &[]))
            .await?;
        let mut polling = Polling::new(&SystemClock, POLL, LEAVING);
        while !self.try_claim(&session, slot).await? {
            if polling.pause().await.is_err() {
                return Err(self.taken(slot).await?);
            }
        }
        *held = Some(Claim {
            slot: slot.to_owned(),
            session,
        });
        Ok(())
    }

    async fn try_claim(&self, session: &Client, slot: &str) -> PortResult<bool> {
        let rows = self
            .bounded(STATEMENT, session.query_typed(CLAIM, &[(&slot, Type::TEXT)]))
            .await?;
        rows.first().map_or(Ok(false), |row| self.read(row, "claimed"))
    }

    async fn taken(&self, slot: &str) -> PortResult<PortError> {
        let rows = self.query(HOLDER, &[(&slot, Type::TEXT)]).await?;
        let pid: Option<i32> = rows.first().map(|row| self.read(row, "pid")).transpose()?;
        let holder = pid.map_or_else(String::new, |pid| {
            format!(" (its session has pid {pid}; if the process is gone already, run `select pg_terminate_backend({pid})`)")
        });
        Ok(self.refused(format!(
            "another run follows these databases with slot {slot}: end that run first{holder}"
        )))
    }
}
