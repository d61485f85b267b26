//! The data plane of the local DMS: PostgreSQL's logical replication.
//!
//! The API is the crate `crossover-dms-api`; what carries out its tasks is here. This is the only component of
//! the rehearsal that production does not have. All figures are real: task states come from the subscription and
//! its workers, table states from `pg_subscription_rel`, counts from the target's statistics, latency from the
//! source's WAL sender. The product uses the stand-in as it uses DMS: with the SDK, at the endpoint of
//! `AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE`.

mod endpoint;
mod latency;
mod mappings;
mod session;
mod stream;
mod tasks;

use std::sync::Arc;

use crossover_dms_api::{Account, DmsApi, Kind, arn};
use crossover_stand::ministack::{ACCOUNT, Aws, REGION};
use tokio::{sync::Mutex, task::JoinHandle};

use self::{
    latency::LatencyReporter,
    tasks::{Plane, Tasks},
};

/// The ARN of a resource of the stand-in.
pub fn arn_of(kind: Kind, id: &str) -> String {
    arn(REGION, ACCOUNT, kind, id)
}

/// The end of a task's ARN: a dimension of its metrics.
pub fn end_of_arn(task: &str) -> String {
    let arn = arn_of(Kind::Task, task);
    arn.rsplit(':').next().unwrap_or_default().to_owned()
}

/// A running stand-in; ends when dropped.
pub struct DmsStandIn {
    api: DmsApi,
    reporting: JoinHandle<()>,
}

impl DmsStandIn {
    /// Starts the API on a free loopback port, and the metrics with it. Endpoints name secrets of `aws`, which
    /// also gets the metrics.
    pub async fn start(aws: &Aws) -> std::io::Result<Self> {
        let tasks = Arc::new(Mutex::new(Tasks::new(aws.clone())));
        let http = crossover_stand::loopback::http()
            .build()
            .map_err(std::io::Error::other)?;
        let reporter = LatencyReporter::new(http, aws.endpoint().to_owned(), Arc::clone(&tasks));
        Ok(Self {
            api: DmsApi::start(Account::new(REGION, ACCOUNT, Plane(tasks))).await?,
            reporting: tokio::spawn(reporter.run()),
        })
    }

    /// Base URL of the API.
    pub fn url(&self) -> String {
        self.api.url()
    }
}

impl Drop for DmsStandIn {
    fn drop(&mut self) {
        self.reporting.abort();
    }
}
