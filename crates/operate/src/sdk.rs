//! The configuration of the AWS SDK for one migration.

use aws_config::{Region, SdkConfig};
use aws_sdk_sfn::config::{Credentials, SharedCredentialsProvider};

use crate::config::AwsSettings;

/// At an address of this machine, where a rehearsal runs, the credentials of the environment are not used: they are
/// not for whatever answers there.
pub async fn configuration(aws: &AwsSettings, endpoint: Option<&str>) -> SdkConfig {
    let mut config = crossover_aws::load().await.into_builder();
    if let Some(region) = &aws.region {
        config = config.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = endpoint {
        let credentials = Credentials::new("test", "test", None, None, "rehearsal");
        config = config
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials));
    }
    config.build()
}
