//! Real PostgreSQL servers on 127.0.0.1, ready for logical replication.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use postgres_protocol::escape::escape_identifier;
use tokio_postgres::{Client, Config, NoTls};

use crate::environment::Server;
use crate::error::{Result, StandError};
use crate::guard::StopStep;
use crate::parts::Parts;
use crate::process::{Launch, ManagedProcess};

mod account;
mod files;
mod settings;
mod template;
mod test_server;

pub use crate::pins::Major;
pub use settings::Settings;
pub use test_server::{Database, TestServer, workspace_root};

/// The role that owns all objects on a server of this crate.
pub const SUPERUSER: &str = "postgres";

/// Time limit of a start; 0.15 s is usual, recovery after a kill takes longer.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Must exceed the sum of the times in [`STOP`].
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// First a fast shutdown. It waits for walsenders, so an immediate shutdown follows, which ends every
/// backend. SIGKILL cannot do that, because each backend is in its own session.
const STOP: [StopStep; 2] = [
    StopStep::new(Signal::SIGINT, 10),
    StopStep::new(Signal::SIGQUIT, 8),
];

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    part: ManagedProcess,
    access: Access,
    data: PathBuf,
}

impl Postgres {
    /// Starts a server with a fresh cluster and a log in `dir`. (As root, if other users cannot enter `dir`,
    /// the cluster is in a temporary folder.) The cluster is removed after the server has ended.
    ///
    /// # Errors
    /// If a fixed port is in use, or with the last log lines if the start fails.
    pub async fn start(parts: &Parts, major: Major, dir: &Path, settings: &Settings) -> Result<Self> {
        let name = settings.name(major);
        let programs = account::usable_programs(parts, major).await?;
        let template = template::ensure(parts, major, &programs).await?;
        let data = account::data_folder(dir, &name)?;
        let (name, data, programs, template) = (&name, &data, &programs, &template);
        let started = settings.port.start(name, |port| async move {
            // In each attempt: the guard of one that failed has removed the cluster.
            template.copy_to(data).await?;
            settings.write(data, major, port)?;
            let part = start_on(name, programs, data, dir, port, settings.temporary).await?;
            Ok((part, port))
        });
        let (part, port) = started.await?;
        Self::secured(part, major, port, &template.password, data.clone()).await
    }

    /// Gives the superuser a new password for this server, because the template's password is on disk.
    async fn secured(
        mut part: ManagedProcess,
        major: Major,
        port: u16,
        template_password: &str,
        data: PathBuf,
    ) -> Result<Self> {
        let initial = Access {
            major,
            port,
            password: Secret(template_password.to_owned()),
        };
        let mut probe = initial.config("postgres");
        probe.connect_timeout(Duration::from_secs(2));
        let probe = &probe;
        part.until_ready(START_LIMIT, || async move { probe.connect(NoTls).await.is_ok() })
            .await?;
        let access = Access {
            password: Secret(uuid::Uuid::new_v4().simple().to_string()),
            ..initial.clone()
        };
        let client = initial.connect("postgres").await?;
        let alter = format!("alter role {SUPERUSER} password '{}'", access.password.0);
        client
            .batch_execute(&alter)
            .await
            .map_err(doing("setting the superuser's password"))?;
        Ok(Self { part, access, data })
    }

    /// Address and credentials of the server.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Stops the server in an orderly way: clients are disconnected, its files are removed.
    pub async fn stop(self) -> Result<()> {
        self.part.stop().await
    }

    /// Stops the server in an orderly way, but keeps its cluster for [`Postgres::restart`].
    async fn stop_keeping_data(&mut self) -> Result<()> {
        self.part.stop_keeping_data();
        // The server removes this file last, after its port is free.
        let pid_file = pid_file(&self.data);
        let ended = || std::future::ready(!pid_file.exists());
        if self.part.until_ready(STOP_LIMIT, ended).await.is_ok() {
            return Ok(());
        }
        Err(self.part.fall()?.unwrap_or_else(|| StandError::Timeout {
            what: format!("the end of {}", self.part.name()),
            seconds: STOP_LIMIT.as_secs(),
            last: format!("{} is there", pid_file.display()),
        }))
    }

    /// Starts the server again with the same port, cluster and password.
    async fn restart(&mut self) -> Result<()> {
        self.part.restart();
        until_accepting(&mut self.part, &self.data).await
    }
}

impl Server for Postgres {
    type Access = Access;

    fn split(self) -> (ManagedProcess, Access) {
        (self.part, self.access)
    }
}

async fn start_on(
    name: &str,
    programs: &Path,
    data: &Path,
    dir: &Path,
    port: u16,
    temporary: bool,
) -> Result<ManagedProcess> {
    let mut launch = Launch::new(
        name,
        programs.join("postgres"),
        dir.join(format!("{}.log", name.replace(' ', "-"))),
    )
    .args(["-D"])
    .args([data])
    .only_given_env()
    .dir("/")
    .stop_with(STOP)
    .run_as(account::other_user()?)
    .remove_when_done(data);
    if temporary {
        launch = launch.remove_if_stopped(dir);
    }
    let mut part = launch.start()?;
    until_accepting(&mut part, data).await?;
    tracing::debug!(name, port, "server is ready");
    Ok(part)
}

fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

async fn until_accepting(part: &mut ManagedProcess, data: &Path) -> Result<()> {
    let pid_file = pid_file(data);
    // The last line of this file is "ready" once connections are accepted.
    part.until_ready(START_LIMIT, || {
        let ready = std::fs::read_to_string(&pid_file)
            .is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready"));
        std::future::ready(ready)
    })
    .await
}

/// Address and superuser of a server. Debug does not show the password.
#[derive(Debug, Clone)]
pub struct Access {
    major: Major,
    port: u16,
    password: Secret,
}

impl Access {
    pub fn major(&self) -> Major {
        self.major
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The superuser's password: for Secrets Manager and connection strings, never for a log.
    pub fn password(&self) -> &str {
        &self.password.0
    }

    /// A connection string for the superuser, password included.
    pub fn connect_url(&self, database: &str) -> String {
        format!(
            "postgresql://{SUPERUSER}:{}@127.0.0.1:{}/{database}",
            self.password.0, self.port
        )
    }

    /// As [`Access::connect_url`], as a configuration of the driver.
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(self.port)
            .user(SUPERUSER)
            .password(&self.password.0)
            .dbname(database);
        config
    }

    /// A connection as the superuser; its background task ends with the client. Must be called within a tokio
    /// runtime.
    pub async fn connect(&self, database: &str) -> Result<Client> {
        let connecting = self.config(database);
        let (client, connection) = connecting
            .connect(NoTls)
            .await
            .map_err(doing(format!("connecting to database {database}")))?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Creates an empty database.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let client = self.connect("postgres").await?;
        let create = format!("create database {}", escape_identifier(name));
        client
            .batch_execute(&create)
            .await
            .map_err(doing(format!("creating database {name}")))
    }
}

#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn doing(what: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> StandError {
    let doing = what.into();
    move |source| StandError::Postgres { doing, source }
}
