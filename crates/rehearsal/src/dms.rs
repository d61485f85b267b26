//! The stand-in for AWS DMS: its JSON API over PostgreSQL's logical replication.
//!
//! This is the only component of the rehearsal that production does not have. All figures are real: task
//! states come from the subscription and its workers, table states from `pg_subscription_rel`, counts from
//! the target's statistics, latency from the source's WAL sender. The product uses the stand-in as it uses
//! DMS: with the SDK, at the endpoint of `AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE`.

mod api;
mod latency;
mod mappings;
mod session;
mod stream;
mod tasks;

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

use self::{latency::LatencyReporter, tasks::Tasks};
use crate::calls::Calls;

/// ARN of the only replication instance.
pub const INSTANCE_ARN: &str = "arn:aws:dms:us-east-1:000000000000:rep:rehearsal";
/// Its identifier, a dimension of the metrics.
pub const INSTANCE_ID: &str = "rehearsal";

/// Why the stand-in cannot process a request; `code` is DMS's own fault name.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    pub code: &'static str,
    pub message: String,
}

impl Fault {
    fn not_found(what: &str) -> Self {
        Self {
            code: "ResourceNotFoundFault",
            message: format!("{what} does not exist"),
        }
    }

    fn invalid_state(message: impl Into<String>) -> Self {
        Self {
            code: "InvalidResourceStateFault",
            message: message.into(),
        }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: "InvalidParameterValueException",
            message: message.into(),
        }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = error
            .as_db_error()
            .map_or_else(|| error.to_string(), |e| e.message().to_owned());
        Self {
            code: "InternalFailure",
            message: text,
        }
    }
}

/// One database the stand-in may read from or write to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    pub dbname: String,
    pub username: String,
    pub password: String,
}

impl Endpoint {
    fn config(&self) -> tokio_postgres::Config {
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
    fn conninfo(&self) -> String {
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

/// Configuration of the stand-in.
pub struct DmsConfig {
    /// Endpoints by ARN.
    pub endpoints: HashMap<String, Endpoint>,
    /// Destination of the latency metrics: the base URL of the local AWS.
    pub cloudwatch_url: String,
    /// Where the functions' calls are recorded.
    pub calls: Option<Calls>,
}

/// A running stand-in; ends when dropped.
pub struct DmsStandIn {
    address: SocketAddr,
    work: Vec<JoinHandle<()>>,
}

impl DmsStandIn {
    /// Starts the API on a free loopback port, and the metrics with it.
    pub async fn start(config: DmsConfig) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let tasks = Arc::new(Mutex::new(Tasks::new(config.endpoints)));
        let http = crossover_stand::loopback::http()
            .build()
            .map_err(std::io::Error::other)?;
        let reporter = LatencyReporter::new(http, config.cloudwatch_url, Arc::clone(&tasks));
        let router = api::router(tasks, config.calls);
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(error = %error, "the DMS stand-in ended");
            }
        });
        Ok(Self {
            address,
            work: vec![serving, tokio::spawn(reporter.run())],
        })
    }

    /// Base URL of the API.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for DmsStandIn {
    fn drop(&mut self) {
        for work in &self.work {
            work.abort();
        }
    }
}
