//! One of the two servers.

use std::path::Path;

use crossover_stand::postgres::{Access, Settings};
use crossover_stand::{Major, Parts, Postgres, TestEnvironment};
use futures::TryStreamExt;
use serde_json::{Value, json};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::Result;

const DATABASE: &str = "bench";

/// Memory of a small production server; checkpoints only on request.
const SETTINGS: [(&str, &str); 4] = [
    ("shared_buffers", "512MB"),
    ("maintenance_work_mem", "256MB"),
    ("max_wal_size", "16GB"),
    ("checkpoint_timeout", "1d"),
];
/// No background work during a measurement, not even vacuum. Without replication a table filled in the
/// transaction that created it needs no WAL.
const STATIC: [(&str, &str); 4] = [
    ("synchronous_commit", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("autovacuum", "off"),
];
const REPLICATING: [(&str, &str); 1] = [("wal_level", "logical")];

/// The settings that go into the report.
const REPORTED: [&str; 4] = [
    "server_version",
    "shared_buffers",
    "max_parallel_workers_per_gather",
    "work_mem",
];

/// A started server without an owner.
pub struct Started {
    name: &'static str,
    server: Postgres,
}

/// A server of the test environment, and one permanent session in its database: a transaction may span
/// requests.
pub struct Side {
    name: &'static str,
    access: Access,
    client: Client,
}

impl Side {
    pub async fn start(
        parts: &Parts,
        major: Major,
        name: &'static str,
        folder: &Path,
        replicating: bool,
    ) -> Result<Started> {
        let rest = if replicating { &REPLICATING[..] } else { &STATIC };
        let settings = Settings {
            extra: SETTINGS
                .iter()
                .chain(rest)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            temporary: true,
            ..Settings::for_role(name)
        };
        let server = Postgres::start(parts, major, &folder.join(name), &settings).await?;
        Ok(Started { name, server })
    }

    /// The server's address, process and settings.
    pub async fn described(&self) -> Result<Value> {
        let pid = self
            .rows("select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)")
            .await?;
        let mut settings = serde_json::Map::new();
        for name in REPORTED {
            let shown = self.rows(&format!("show {name}")).await?;
            settings.insert(name.to_owned(), json!(first(&shown)));
        }
        let pid: i32 = first(&pid).unwrap_or_default().parse()?;
        Ok(json!({ "url": self.access.connect_url(DATABASE), "pid": pid, "settings": settings }))
    }

    /// Runs statements; returns the rows of all of them as text.
    pub async fn rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let messages = self
            .client
            .simple_query(sql)
            .await
            .map_err(|error| self.of(&error))?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(texts(row)),
                _ => None,
            })
            .collect())
    }

    /// Another session, for background work.
    pub async fn session(&self) -> Result<Client> {
        Ok(self.access.connect(DATABASE).await?)
    }

    /// Runs a `copy ... to stdout` and discards the data; returns the number of bytes.
    pub async fn discard(&self, copy: &str) -> Result<u64> {
        let stream = self
            .client
            .copy_out(copy)
            .await
            .map_err(|error| self.of(&error))?;
        let sum = stream.try_fold(0, |sum, chunk| async move { Ok(sum + chunk.len() as u64) });
        Ok(sum.await.map_err(|error| self.of(&error))?)
    }

    /// Ends every other session and waits until all are gone: a statement of a killed client continues in the
    /// server.
    pub async fn end_sessions(&self) -> Result<()> {
        const END: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                           where backend_type in ('client backend', 'parallel worker') and pid <> pg_backend_pid()";
        while first(&self.rows(END).await?).is_none_or(|left| left != "0") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// An error with its side; the driver keeps the server's message in the cause.
    fn of(&self, error: &tokio_postgres::Error) -> String {
        let cause = error
            .as_db_error()
            .map_or_else(|| error.to_string(), ToString::to_string);
        format!("{}: {cause}", self.name)
    }
}

impl Started {
    /// Passes the server to the test environment, and creates the database.
    pub async fn opened(self, environment: &mut TestEnvironment) -> Result<Side> {
        let access = environment.own(self.server);
        access.create_database(DATABASE).await?;
        let client = access.connect(DATABASE).await?;
        Ok(Side {
            name: self.name,
            access,
            client,
        })
    }
}

fn texts(row: &SimpleQueryRow) -> Vec<Option<String>> {
    (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()
}

fn first(rows: &[Vec<Option<String>>]) -> Option<&str> {
    rows.first()?.first()?.as_deref()
}
