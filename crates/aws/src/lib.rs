//! AWS behind the ports of `crossover-core`: DMS, Secrets Manager, CloudWatch, DynamoDB and SNS.
//!
//! Endpoints, region and credentials come from the environment alone, as the AWS SDK reads them
//! (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE`, …).

mod configuration;
mod dms;
mod failure;
mod journal;
mod metrics;
mod secrets;
mod table_mappings;

pub use configuration::load;
pub use dms::{Dms, DmsSettings, Endpoints};
pub use journal::DynamoJournal;
pub use metrics::CloudWatchLag;
pub use secrets::Secrets;
