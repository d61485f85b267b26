//! Databases for tests: one server per test process and major version, and one database per test. Tests that
//! stop or configure a server start a private one.

use std::path::PathBuf;

use tokio::net::TcpSocket;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config};

use super::{Access, Major, Postgres, Settings};
use crate::error::Result;
use crate::progress::Silent;
use crate::{parts, ports};

/// A server for tests. The shared server of a test process is never dropped: its guard ends the server, and
/// removes its files, after the process. A private server ends with its value, or with the process.
#[derive(Debug)]
pub struct TestServer {
    server: Postgres,
    /// Keeps the port of a stopped server reserved.
    held: Option<TcpSocket>,
}

impl TestServer {
    /// The shared server of this test process; the first call starts the server and fetches missing parts.
    pub async fn shared(major: Major) -> Result<&'static Self> {
        static SERVERS: [OnceCell<TestServer>; Major::ALL.len()] =
            [const { OnceCell::const_new() }; Major::ALL.len()];
        SERVERS[major as usize]
            .get_or_try_init(|| Self::begin(major, Settings::for_role("test"), "shared"))
            .await
    }

    /// A private server with additional settings (name and value; later ones override). The caller can stop
    /// and start it.
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

    /// Ends the server and all sessions; new connections are refused. The data are kept, and the port stays
    /// reserved, until [`TestServer::start`].
    pub async fn stop(&mut self) -> Result<()> {
        if self.held.is_none() {
            self.server.stop_keeping_data().await?;
            self.held = Some(ports::hold(self.access().port())?);
        }
        Ok(())
    }

    /// Starts a stopped server again with the same port, data and password.
    pub async fn start(&mut self) -> Result<()> {
        match self.held.take() {
            Some(port) => {
                drop(port);
                self.server.restart().await
            }
            None => Ok(()),
        }
    }

    /// Address and credentials of the server.
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

/// A private database of one test.
#[derive(Debug, Clone)]
pub struct Database {
    name: String,
    access: Access,
}

impl Database {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server of the database.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// A connection string for the superuser, password included.
    pub fn url(&self) -> String {
        self.access.connect_url(&self.name)
    }

    /// As [`Database::url`], as a configuration of the driver.
    pub fn config(&self) -> Config {
        self.access.config(&self.name)
    }

    /// A connection as the superuser.
    pub async fn connect(&self) -> Result<Client> {
        self.access.connect(&self.name).await
    }
}

/// The root of the checkout this program was built from: tests run where they were built.
pub fn workspace_root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or(here.clone(), PathBuf::from)
}
