//! The two databases of a migration, reached directly by their URLs.

use std::time::Duration;

use crossover_core::{
    ErrorName, Secret,
    ports::{Absence, PortError},
    routing::Side,
};
use crossover_operate::clients::Clients;
use crossover_postgres::{ConnectionSettings, PostgresDatabase};

/// The options that name both databases.
#[derive(clap::Args)]
pub struct Databases {
    /// The source database: postgresql://user@host:port/database?sslmode=verify-full[&sslrootcert=FILE]
    #[arg(
        long,
        value_name = "URL",
        env = "CROSSOVER_SOURCE",
        hide_env_values = true,
        requires = "target"
    )]
    source: Option<String>,
    /// The target database; passwords may also come from CROSSOVER_SOURCE_PASSWORD, CROSSOVER_TARGET_PASSWORD
    /// or PGPASSWORD
    #[arg(
        long,
        value_name = "URL",
        env = "CROSSOVER_TARGET",
        hide_env_values = true,
        requires = "source"
    )]
    target: Option<String>,
}

/// How long a catalogue may be read.
#[derive(clap::Args)]
pub struct CatalogueTimeout {
    /// Time limit of a statement that reads the catalogue, in seconds [default: 30, and 4 ms for each relation of
    /// the database]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    catalogue_timeout: Option<u64>,
}

impl CatalogueTimeout {
    /// The side with this limit.
    pub fn of(&self, mut side: Connected) -> Connected {
        if let Some(seconds) = self.catalogue_timeout {
            side.database = side.database.with_catalogue_limit(Duration::from_secs(seconds));
        }
        side
    }
}

/// The remedy for a catalogue that was not read in time.
pub const MORE_TIME_FOR_CATALOGUE: &str =
    "raise --catalogue-timeout; if the statement was cancelled, run the command again";

/// The remedy for a server whose connections are all in use.
const NO_CONNECTION_FREE: &str = "end idle sessions there, or allow more connections (max_connections, or the connection limit of the role \
    or the database)";

/// A database, its address and the role that is logged in.
pub struct Connected {
    pub database: PostgresDatabase,
    /// Name and address, without the role and the password.
    pub place: String,
    pub role: String,
}

impl Databases {
    /// Both URLs, where they are given.
    pub fn urls(&self) -> Option<(&str, &str)> {
        self.source.as_deref().zip(self.target.as_deref())
    }

    /// Connects to both sides, with the same exempt roles.
    ///
    /// # Errors
    /// All faults of both sides at once; one database given twice.
    pub async fn connect(&self, exempt_roles: &[String]) -> anyhow::Result<(Connected, Connected)> {
        let Some((source, target)) = self.urls() else {
            anyhow::bail!("name both databases with --source and --target");
        };
        both(
            Box::pin(by_url("source", source, exempt_roles)),
            Box::pin(by_url("target", target, exempt_roles)),
            "--source and --target",
        )
        .await
    }
}

impl Connected {
    /// Both sides of a migration, by the secrets that its file names.
    ///
    /// # Errors
    /// All faults of both sides at once; one database given twice.
    pub async fn of(clients: &Clients, exempt_roles: &[String]) -> anyhow::Result<(Self, Self)> {
        both(
            Box::pin(by_secret(clients, Side::Source, exempt_roles)),
            Box::pin(by_secret(clients, Side::Target, exempt_roles)),
            "the secrets of the source and of the target",
        )
        .await
    }
}

/// Both sides, which `named` names.
async fn both(
    source: impl Future<Output = anyhow::Result<Connected>>,
    target: impl Future<Output = anyhow::Result<Connected>>,
    named: &str,
) -> anyhow::Result<(Connected, Connected)> {
    match tokio::join!(source, target) {
        (Ok(source), Ok(target)) => {
            anyhow::ensure!(
                !source.database.is_same_as(&target.database).await?,
                "{named} lead to the same database ({} and {}), which proves nothing: name the two sides of the migration",
                source.place,
                target.place
            );
            Ok((source, target))
        }
        (Err(one), Err(two)) => anyhow::bail!("{one:#}\nerror: {two:#}"),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

async fn by_url(label: &'static str, url: &str, exempt_roles: &[String]) -> anyhow::Result<Connected> {
    let password = [
        &format!("CROSSOVER_{}_PASSWORD", label.to_uppercase()),
        "PGPASSWORD",
    ]
    .into_iter()
    .find_map(|name| std::env::var(name).ok())
    .map(Secret::new);
    let settings = ConnectionSettings::from_url(label, url, password)?;
    connect(label, settings, exempt_roles.to_vec()).await
}

async fn by_secret(clients: &Clients, side: Side, more_exempt: &[String]) -> anyhow::Result<Connected> {
    let plan = clients.side(side);
    anyhow::ensure!(
        plan.engine.as_str() == crossover_postgres::ENGINE,
        "{side}.engine of the plan is {:?}: this command knows {} only",
        plan.engine.as_str(),
        crossover_postgres::ENGINE
    );
    let exempt = [&plan.exempt_roles, more_exempt].concat();
    connect(side.name(), clients.database(side).await?, exempt).await
}

async fn connect(
    label: &'static str,
    settings: ConnectionSettings,
    exempt_roles: Vec<String>,
) -> anyhow::Result<Connected> {
    let place = format!("{} on {}:{}", settings.dbname, settings.host, settings.port);
    let role = settings.username.clone();
    let database = PostgresDatabase::connect(label, settings, exempt_roles)
        .await
        .map_err(with_remedy)?;
    Ok(Connected {
        database,
        place,
        role,
    })
}

/// Other refusals to connect name their remedy themselves, or are the server's own words.
fn with_remedy(error: PortError) -> anyhow::Error {
    match error {
        PortError::Unreachable {
            absence: Absence::NoConnectionFree,
            ..
        } => anyhow::anyhow!("{error}; {NO_CONNECTION_FREE}"),
        PortError::Unreachable { .. } => anyhow::anyhow!("{error}; {}", ErrorName::Unreachable.remedy()),
        other => other.into(),
    }
}
