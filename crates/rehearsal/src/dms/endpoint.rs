//! The databases behind the endpoints.

use crossover_dms_api::Fault;
use crossover_stand::ministack::Aws;
use serde::Deserialize;
use serde_json::Value;

/// One database that a task reads from or writes to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    host: String,
    port: u16,
    dbname: String,
    username: String,
    password: String,
    /// The slot that an endpoint that reads names.
    pub slot: Option<String>,
}

/// A secret of a database, as DMS reads it.
#[derive(Deserialize)]
struct Secret {
    host: String,
    port: u16,
    username: String,
    password: String,
}

impl Endpoint {
    /// Reads the secret that an endpoint of the API names. Its TLS mode is left out: everything is on this
    /// machine's loopback.
    pub async fn of(described: &Value, secrets: &Aws) -> Result<Self, Fault> {
        let id = described["EndpointIdentifier"].as_str().unwrap_or_default();
        let settings = &described["PostgreSQLSettings"];
        let text = |key: &str| {
            settings[key]
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| Fault::invalid(format!("endpoint {id} has no {key}")))
        };
        let name = text("SecretsManagerSecretId")?;
        let unreadable = |why: String| {
            Fault::invalid(format!(
                "the secret {name} of endpoint {id} cannot be read: {why}"
            ))
        };
        let value = secrets
            .secret_value(&name)
            .await
            .map_err(|error| unreadable(error.to_string()))?;
        // The error of the parser could quote the secret.
        let secret: Secret = serde_json::from_str(&value)
            .map_err(|_| unreadable("it lacks host, port, username or password".to_owned()))?;
        Ok(Self {
            host: secret.host,
            port: secret.port,
            dbname: text("DatabaseName")?,
            username: secret.username,
            password: secret.password,
            slot: settings["SlotName"].as_str().map(str::to_owned),
        })
    }

    pub fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.dbname)
            .user(&self.username)
            .password(&self.password)
            .application_name("dms")
            .connect_timeout(std::time::Duration::from_secs(2));
        config
    }

    /// The libpq connection string of a subscription; every value is quoted by libpq's rules.
    pub fn conninfo(&self) -> String {
        let quoted = |value: &str| format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"));
        format!(
            "host={} port={} dbname={} user={} password={} connect_timeout=5",
            quoted(&self.host),
            self.port,
            quoted(&self.dbname),
            quoted(&self.username),
            quoted(&self.password)
        )
    }
}
