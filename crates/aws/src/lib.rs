//! The AWS adapters of the ports of `crossover-core`: DMS, Secrets Manager, CloudWatch, DynamoDB and SNS.
//!
//! The AWS SDK reads endpoints, region and credentials from the environment
//! (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE`, …).

mod configuration;
mod dms;
mod failure;
mod journal;
mod metrics;
mod secrets;
mod table_mappings;

pub use configuration::{in_function, load};
pub use dms::{Dms, DmsSettings, Endpoints};
pub use failure::port_error;
pub use journal::{DynamoJournal, JournalLine};
pub use metrics::CloudWatchMetrics;
pub use secrets::{EdgeKey, Secrets};
