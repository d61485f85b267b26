//! Databases for tests: one server per test process and major version, one database per test.

use std::path::PathBuf;

use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config};

use super::{Access, Major, Postgres, Settings};
use crate::error::Result;
use crate::parts;
use crate::progress::Silent;

/// The server a test process shares. It is never dropped: its guard ends it, and removes its files, with the process.
#[derive(Debug)]
pub struct TestServer {
    server: Postgres,
}

impl TestServer {
    /// The server of this test process; the first call starts it (and fetches the parts if need be).
    pub async fn shared(major: Major) -> Result<&'static Self> {
        static V16: OnceCell<TestServer> = OnceCell::const_new();
        static V17: OnceCell<TestServer> = OnceCell::const_new();
        let cell = match major {
            Major::V16 => &V16,
            Major::V17 => &V17,
        };
        cell.get_or_try_init(|| async {
            let parts = parts::ensure(&workspace_root(), &Silent).await?;
            let dir = std::env::temp_dir().join(format!("crossover-tests-{}-{major}", std::process::id()));
            let settings = Settings {
                temporary: true,
                ..Settings::for_role("test")
            };
            let server = Postgres::start(&parts, major, &dir, &settings).await?;
            Ok(Self { server })
        })
        .await
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
