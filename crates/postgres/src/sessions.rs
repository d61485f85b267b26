//! Who is connected, and ending it.

use std::collections::BTreeSet;

use crossover_clock::SystemClock;
use crossover_core::{polling::Polling, ports::PortResult};
use tokio_postgres::{Row, types::Type};

use crate::PostgresDatabase;

const SESSIONS: &str = include_str!("sql/sessions.sql");
/// Superusers are left alone: they come back whatever the lock says, so the sample must go on showing them.
const END: &str = concat!(
    "with application as (",
    include_str!("sql/sessions.sql"),
    ") select s.pid, s.started, pg_terminate_backend(s.pid) as signalled from application s where not s.superuser"
);
/// How long [`PostgresDatabase::end_application_sessions`] waits for sessions to be gone.
const END_LIMIT_MS: u64 = 1_000;
const POLL_MS: u64 = 3;

/// A session of the application.
#[derive(Debug)]
pub struct Session {
    /// `pid 123 shop_app from 127.0.0.1:5432 application`.
    pub text: String,
    pub superuser: bool,
    /// It has a transaction open.
    pub busy: bool,
}

impl PostgresDatabase {
    /// Sessions in this database that are neither ours nor of an exempt role, by pid.
    pub(crate) async fn application_sessions(&self) -> PortResult<Vec<Session>> {
        let rows = self
            .query(SESSIONS, &[(&self.exempt_roles, Type::TEXT_ARRAY)])
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
        let from = if address.is_empty() {
            "a local socket".to_owned()
        } else {
            format!("{address}:{port}")
        };
        Ok(Session {
            text: format!("pid {pid} {role} from {from} {application}")
                .trim_end()
                .to_owned(),
            superuser: self.read(row, "superuser")?,
            busy: self.read(row, "busy")?,
        })
    }

    /// The role of a session whose state we may not see.
    pub(crate) fn hidden_role(&self, row: &Row) -> PortResult<Option<String>> {
        Ok(if self.read(row, "hidden")? {
            Some(self.read(row, "role")?)
        } else {
            None
        })
    }

    /// A session that cannot be seen into may be anything: without the right to look there is no answer.
    pub(crate) fn refuse_hidden(&self, roles: impl Iterator<Item = String>) -> PortResult<()> {
        let roles: BTreeSet<String> = roles.collect();
        if roles.is_empty() {
            return Ok(());
        }
        let roles = roles.into_iter().collect::<Vec<_>>().join(", ");
        Err(self.refused(format!(
            "the sessions of {roles} cannot be looked into; grant pg_monitor to {}",
            self.own_role
        )))
    }

    /// Ends every application session and waits until they are gone, newcomers included; for a second at
    /// most, the next sample tells what remains. Returns how many were ended.
    pub(crate) async fn end_application_sessions(&self) -> PortResult<u32> {
        let mut polling = Polling::new(&SystemClock, POLL_MS, END_LIMIT_MS);
        let mut ended = BTreeSet::new();
        loop {
            let rows = self.query(END, &[(&self.exempt_roles, Type::TEXT_ARRAY)]).await?;
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
