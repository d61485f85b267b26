//! Lists and ends the sessions that may write to the database.

use std::collections::BTreeSet;

use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    polling::Polling,
    ports::{PortResult, RunningTransaction},
};
use tokio_postgres::{Row, types::Type};

use crate::PostgresDatabase;

const SESSIONS: &str = include_str!("sql/sessions.sql");
/// Superusers' sessions are not ended: superusers can reconnect in spite of the lock, so samples must
/// continue to list them.
pub(crate) const END: &str = concat!(
    "with application as (",
    include_str!("sql/sessions.sql"),
    ") select s.pid, s.started, pg_terminate_backend(s.pid) as signalled from application s \
     where not s.superuser and not s.connecting"
);
/// Time for which [`PostgresDatabase::end_application_sessions`] waits until the sessions have ended
/// (milliseconds).
const END_LIMIT: Millis = Millis(1_000);
const POLL: Millis = Millis(1);

/// A session of the application, or whatever else writes like one.
#[derive(Debug)]
pub struct Session {
    /// `pid 123 shop_app from 127.0.0.1:5432 application`, `pid 123 postgres, logical replication worker`.
    pub text: String,
    pub superuser: bool,
    /// Not a session yet. It may be of an exempt role, so it is not ended.
    pub connecting: bool,
    /// The session's open transaction.
    pub transaction: Option<RunningTransaction>,
}

impl PostgresDatabase {
    /// Sessions in this database of roles that are neither Crossover's own nor exempt, by pid; also workers,
    /// connections that are being made, and subscriptions.
    pub(crate) async fn application_sessions(&self) -> PortResult<Vec<Session>> {
        let rows = self
            .query_prepared(SESSIONS, &[(&self.exempt_roles, Type::TEXT_ARRAY)])
            .await?;
        let hidden = rows
            .iter()
            .map(|row| self.hidden_role(row))
            .collect::<PortResult<Vec<_>>>()?;
        self.refuse_hidden(hidden.into_iter().flatten())?;
        rows.iter().map(|row| self.session(row)).collect()
    }

    fn session(&self, row: &Row) -> PortResult<Session> {
        let (pid, role): (i32, String) = (self.read(row, "pid")?, self.read(row, "role")?);
        let (address, port): (String, i32) = (self.read(row, "address")?, self.read(row, "port")?);
        let application: String = self.read(row, "application")?;
        let worker: Option<String> = self.read(row, "worker")?;
        let from = match (worker, address.is_empty()) {
            (Some(worker), true) => format!(", {worker}"),
            (Some(worker), false) => format!(", {worker} from {address}:{port}"),
            (None, true) => " from a local socket".to_owned(),
            (None, false) => format!(" from {address}:{port}"),
        };
        let who = if pid == 0 {
            role
        } else {
            format!("pid {pid} {role}")
        };
        let text = format!("{}{from} {application}", who.trim_end())
            .trim_end()
            .to_owned();
        let began: Option<String> = self.read(row, "began")?;
        let transaction = RunningTransaction {
            id: format!("{pid} {}", began.unwrap_or_default()),
            who: text.clone(),
            age_ms: Millis(self.read::<i64>(row, "age_ms")?.unsigned_abs()),
            writes: self.read(row, "writes")?,
        };
        Ok(Session {
            text,
            superuser: self.read(row, "superuser")?,
            connecting: self.read(row, "connecting")?,
            transaction: self.read::<bool>(row, "busy")?.then_some(transaction),
        })
    }

    /// The role of the session if Crossover's role may not see the session's state.
    pub(crate) fn hidden_role(&self, row: &Row) -> PortResult<Option<String>> {
        Ok(if self.read(row, "hidden")? {
            Some(self.read(row, "role")?)
        } else {
            None
        })
    }

    /// Refuses when the state of a session is hidden, because the session could be a writer.
    pub(crate) fn refuse_hidden(&self, roles: impl Iterator<Item = String>) -> PortResult<()> {
        let roles: BTreeSet<String> = roles.collect();
        if roles.is_empty() {
            return Ok(());
        }
        let roles = roles.into_iter().collect::<Vec<_>>().join(", ");
        Err(self.refused(format!(
            "the sessions of {roles} cannot be inspected; grant pg_monitor to {}",
            self.own_role
        )))
    }

    /// Ends every application session, including new ones, and waits until they have ended, for at most a
    /// second; the next sample lists the sessions that remain. Returns the number of ended sessions.
    pub(crate) async fn end_application_sessions(&self) -> PortResult<u32> {
        let mut polling = Polling::new(&SystemClock, POLL, END_LIMIT);
        let mut ended = BTreeSet::new();
        loop {
            let rows = self
                .query_prepared(END, &[(&self.exempt_roles, Type::TEXT_ARRAY)])
                .await?;
            for row in &rows {
                if self.read(row, "signalled")? {
                    ended.insert((
                        self.read::<i32>(row, "pid")?,
                        self.read::<String>(row, "started")?,
                    ));
                }
            }
            if rows.is_empty() || polling.pause().await.is_err() {
                return Ok(ended.len() as u32);
            }
        }
    }
}
