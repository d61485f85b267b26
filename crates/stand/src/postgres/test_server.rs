//! Databases for tests: one server per test process and major version, one database per test; and servers of a test's
//! own, for those that end or configure theirs.

use std::path::PathBuf;

use tokio::net::TcpSocket;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config};

use super::{Access, Major, Postgres, Settings};
use crate::error::Result;
use crate::progress::Silent;
use crate::{parts, ports};

/// A server for tests. The one a test process shares is never dropped: its guard ends it, and removes its files, with the
/// process. A private one ends with its value, or with the process.
#[derive(Debug)]
pub struct TestServer {
    server: Postgres,
    /// The port of a server that is stopped.
    held: Option<TcpSocket>,
}

impl TestServer {
    /// The server of this test process; the first call starts it (and fetches the parts if need be).
    pub async fn shared(major: Major) -> Result<&'static Self> {
        static SERVERS: [OnceCell<TestServer>; Major::ALL.len()] =
            [const { OnceCell::const_new() }; Major::ALL.len()];
        SERVERS[major as usize]
            .get_or_try_init(|| Self::begin(major, Settings::for_role("test"), "shared"))
            .await
    }

    /// A server of the caller's own, with more settings (name and value; later ones win). It can be stopped and started.
    pub async fn private(major: Major, extra: &[(&str, &str)]) -> Result<Self> {
        let settings = Settings {
            extra: extra
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Settings::for_role("private test")
        };
        Self::begin(major, settings, &uuid::Uuid::new_v4().simple().to_string()).await
    }

    async fn begin(major: Major, settings: Settings, name: &str) -> Result<Self> {
        let parts = parts::ensure(&workspace_root(), major.set(), &Silent).await?;
        let folder = format!("crossover-tests-{}-{major}-{name}", std::process::id());
        let settings = Settings {
            temporary: true,
            ..settings
        };
        let server = Postgres::start(&parts, major, &std::env::temp_dir().join(folder), &settings).await?;
        Ok(Self { server, held: None })
    }

    /// Ends the server; every session ends, and who connects is refused. Its data stay, and nobody else gets its port,
    /// until [`TestServer::start`].
    pub async fn stop(&mut self) -> Result<()> {
        if self.held.is_none() {
            self.server.stop_keeping_data().await?;
            self.held = Some(ports::hold(self.access().port())?);
        }
        Ok(())
    }

    /// Starts a stopped server again: the same port, the same data, the same password.
    pub async fn start(&mut self) -> Result<()> {
        match self.held.take() {
            Some(port) => {
                drop(port);
                self.server.restart().await
            }
            None => Ok(()),
        }
    }

    /// How to reach the server.
    pub fn access(&self) -> &Access {
        self.server.access()
    }

    /// A new, empty database for one test.
    pub async fn fresh_database(&self) -> Result<Database> {
        let name = format!("t_{}", uuid::Uuid::new_v4().simple());
        self.access().create_database(&name).await?;
        Ok(Database {
            name,
            access: self.access().clone(),
        })
    }
}

/// A database of its own for one test.
#[derive(Debug, Clone)]
pub struct Database {
    name: String,
    access: Access,
}

impl Database {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it is on.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// A connection string for the superuser, password included.
    pub fn url(&self) -> String {
        self.access.connect_url(&self.name)
    }

    /// The same as a driver configuration.
    pub fn config(&self) -> Config {
        self.access.config(&self.name)
    }

    /// A connection as the superuser.
    pub async fn connect(&self) -> Result<Client> {
        self.access.connect(&self.name).await
    }
}

/// The root of the checkout this was built from: tests run where they were built.
pub fn workspace_root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or(here.clone(), PathBuf::from)
}
