//! The two databases: real servers, the same schema, data on the source only.

use std::path::Path;

use crossover_core::routing::Side;
use crossover_operate::prepare::prepare;
use crossover_postgres::{ConnectionSettings, PostgresDatabase};
use crossover_stand::{
    Major, Parts, Postgres, Progress,
    postgres::{Access, Settings},
    progress::step,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    dump,
    error::{RehearsalError, Result},
    options::RehearsalOptions,
    shop::{self, Generated, Mode},
};

/// The replication user; exempt from the lock.
pub const DMS_ROLE: &str = "dms";
/// The role with which Crossover logs in. The role is not a superuser: see `crossover_role.sql`.
const OWN_ROLE: &str = "crossover";
const DATABASE: &str = "shop";

/// A side by name, and its server.
pub struct Cast {
    pub side: Side,
    pub major: Major,
}

pub const SOURCE: Cast = Cast {
    side: Side::Source,
    major: Major::V16,
};
pub const TARGET: Cast = Cast {
    side: Side::Target,
    major: Major::V17,
};

/// Starts the server of one side.
pub async fn start(parts: &Parts, cast: Cast, work: &Path) -> Result<Postgres> {
    let settings = Settings::for_role(cast.side.name());
    Ok(Postgres::start(parts, cast.major, &work.join(cast.side.name()), &settings).await?)
}

/// One side's database, and its credentials.
pub struct Database {
    side: Side,
    access: Access,
    own_password: String,
    dms_password: String,
    app_password: String,
}

/// Both sides.
pub struct Databases {
    pub source: Database,
    pub target: Database,
}

impl Database {
    /// The application's connection string.
    pub fn app_url(&self) -> String {
        format!(
            "postgres://{}:{}@127.0.0.1:{}/{DATABASE}",
            shop::APP_ROLE,
            self.app_password,
            self.access.port()
        )
    }

    /// The database's name.
    pub fn name(&self) -> &'static str {
        DATABASE
    }

    /// The secret of the replication user.
    pub fn dms_secret(&self) -> serde_json::Value {
        serde_json::json!({
            "host": "127.0.0.1", "port": self.access.port(), "username": DMS_ROLE, "password": self.dms_password,
        })
    }

    /// The secret that Crossover reads; TLS is off because both ends are on this machine's loopback.
    pub fn secret(&self) -> serde_json::Value {
        serde_json::json!({
            "host": "127.0.0.1", "port": self.access.port(), "dbname": DATABASE,
            "username": OWN_ROLE, "password": self.own_password, "sslmode": "disable",
        })
    }

    /// A connection with the privileges of the server's owner, for preparation and for the final inspection.
    pub async fn inspector(&self) -> Result<Client> {
        Ok(self.access.connect(DATABASE).await?)
    }

    /// The database with the product's own adapter.
    pub async fn product(&self) -> Result<PostgresDatabase> {
        let settings: ConnectionSettings =
            serde_json::from_value(self.secret()).map_err(|e| RehearsalError::Aws {
                what: "the database secret".to_owned(),
                reason: e.to_string(),
            })?;
        Ok(PostgresDatabase::connect(self.side.name(), settings, vec![DMS_ROLE.to_owned()]).await?)
    }

    async fn prepare_roles(&self) -> Result<()> {
        let server = self.access.connect("postgres").await?;
        // Passwords are hexadecimal and need no escaping.
        let roles = format!(
            "create role {DMS_ROLE} superuser login password '{}'; \
             create role {OWN_ROLE} login replication createrole bypassrls password '{}';",
            self.dms_password, self.own_password
        );
        server
            .batch_execute(&roles)
            .await
            .map_err(RehearsalError::database("creating the roles"))?;
        self.access.create_database(DATABASE).await?;
        Ok(())
    }

    async fn grant(&self, app_can_login: bool) -> Result<()> {
        let client = self.inspector().await?;
        shop::create_app_role(&client, &self.app_password, app_can_login)
            .await
            .map_err(RehearsalError::database("creating the application's role"))?;
        client
            .batch_execute(include_str!("crossover_role.sql"))
            .await
            .map_err(RehearsalError::database(
                "granting Crossover's role its privileges",
            ))?;
        prepare(self.side, &self.product().await?).await?;
        Ok(())
    }
}

/// Both databases, and facts about their content.
pub struct Filled {
    pub databases: Databases,
    pub generated: Option<Generated>,
    /// Features that the servers lack and that were left out of the dump, as sentences.
    pub left_out: Vec<String>,
}

/// Creates roles, schema and data.
pub async fn fill(
    source: Access,
    target: Access,
    options: &RehearsalOptions,
    mode: Mode,
    progress: &dyn Progress,
) -> Result<Filled> {
    let password = || Uuid::new_v4().simple().to_string();
    let app_password = password();
    let database = |cast: &Cast, access: Access| Database {
        side: cast.side,
        access,
        own_password: password(),
        dms_password: password(),
        app_password: app_password.clone(),
    };
    let databases = Databases {
        source: database(&SOURCE, source),
        target: database(&TARGET, target),
    };
    tokio::try_join!(databases.source.prepare_roles(), databases.target.prepare_roles())?;

    let (mut generated, mut left_out) = (None, Vec::new());
    if mode == Mode::LedgerOnly {
        let loading = step(progress, "load the dump on both sides");
        left_out = load_dumps(&databases, options).await?;
        loading.done();
    }
    for side in [&databases.source, &databases.target] {
        let client = side.inspector().await?;
        shop::create_schema(&client, mode)
            .await
            .map_err(RehearsalError::database("creating the schema"))?;
    }
    if mode == Mode::Shop {
        let filling = step(progress, format!("generate a shop with {} orders", options.rows));
        let client = databases.source.inspector().await?;
        let made = shop::generate(&client, options.rows, |_| ())
            .await
            .map_err(RehearsalError::database("generating the shop"))?;
        generated = Some(made);
        filling.done();
    }
    databases.source.grant(true).await?;
    databases.target.grant(false).await?;
    Ok(Filled {
        databases,
        generated,
        left_out,
    })
}

/// Loads the same dump on both sides; the target keeps the schema and gets its rows by replication.
async fn load_dumps(databases: &Databases, options: &RehearsalOptions) -> Result<Vec<String>> {
    let psql = dump::check(&options.dumps)?;
    let urls = [&databases.source, &databases.target].map(|side| side.access.connect_url(DATABASE));
    let loaded = dump::load(&psql, &urls.each_ref().map(String::as_str), &options.dumps).await?;
    let target = databases.target.inspector().await?;
    dump::truncate_all(&target)
        .await
        .map_err(RehearsalError::database("emptying the target"))?;
    Ok(loaded.left_out)
}
