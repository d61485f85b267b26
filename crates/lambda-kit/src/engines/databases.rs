//! Engines of databases.

use std::{future::Future, pin::Pin, sync::Arc};

use crossover_aws::Secrets;
use crossover_core::{
    plan::DatabasePlan,
    ports::{Database, PortResult},
};
use crossover_postgres::{ConnectionSettings, PostgresDatabase};

use super::{CdcAdapter, Named};

/// One side of a migration, as an engine connects to it.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// `source` or `target`, for error messages.
    pub label: &'static str,
    pub plan: &'a DatabasePlan,
    /// The CDC engine that reads from the database's retained positions.
    pub replication: &'a dyn CdcAdapter,
}

type Connecting<'a> = Pin<Box<dyn Future<Output = PortResult<Database>> + Send + 'a>>;

/// An engine of databases.
pub struct DatabaseEngine {
    name: &'static str,
    /// Reads the side's secret and connects.
    pub connect: for<'a> fn(&'a Secrets, Side<'a>) -> Connecting<'a>,
}

pub(super) static DATABASES: &[DatabaseEngine] = &[DatabaseEngine {
    name: crossover_postgres::ENGINE,
    connect: |secrets, side| Box::pin(postgresql(secrets, side)),
}];

impl Named for DatabaseEngine {
    fn name(&self) -> &'static str {
        self.name
    }
}

async fn postgresql(secrets: &Secrets, side: Side<'_>) -> PortResult<Database> {
    let settings: ConnectionSettings = secrets.json(&side.plan.secret_id).await?;
    let database = PostgresDatabase::connect(side.label, settings, side.plan.exempt_roles.clone())
        .await?
        .with_output_plugin(side.replication.output_plugin());
    Ok(Database::new(Arc::new(database)))
}
