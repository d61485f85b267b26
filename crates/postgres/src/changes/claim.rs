//! One process at a time follows with a slot: a second one would take changes that the first then never sees.

use crossover_clock::SystemClock;
use crossover_core::{
    polling::Polling,
    ports::{PortError, PortResult},
};
use tokio_postgres::{Client, types::Type};

use crate::{PostgresDatabase, connection::STATEMENT, pool::Claim};

/// How long a process that has just ended may still seem to be there.
const LEAVING_MS: u64 = 5_000;
const POLL_MS: u64 = 50;

/// The server finds out within a minute or so that a machine is gone, which by default takes it hours.
const KEEPALIVE: &str = " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3";
/// Since 14 a server can be told to end idle sessions.
const MAY_IDLE: &str =
    "select set_config(s.name, '0', false) from pg_settings s where s.name = 'idle_session_timeout'";
/// A lock of the session: it ends with the process, however that ends.
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
        let mut polling = Polling::new(&SystemClock, POLL_MS, LEAVING_MS);
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
            format!(" (its session there has pid {pid}; once its process is gone, `select pg_terminate_backend({pid})` ends that, too)")
        });
        Ok(self.refused(format!(
            "another run follows these databases with slot {slot}: end that one first{holder}"
        )))
    }
}
