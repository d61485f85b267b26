use std::{env, time::Duration};

use aws_config::{
    AppName, BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::config::{HttpClient, SharedCredentialsProvider};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// The SDK's configuration for a command of a person: credentials from wherever the AWS CLI finds them.
pub async fn load() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .retry_config(retries())
        .timeout_config(time_outs())
        .load()
        .await
}

/// The SDK's configuration within a function. Lambda puts region and credentials in the environment, so the search
/// for them elsewhere, and with it the clients of STS and of the instance's metadata, stays out of the program.
pub fn in_function() -> SdkConfig {
    let flag = |name| variable(name).map(|text| text.eq_ignore_ascii_case("true"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(variable("AWS_REGION").map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .http_client(http_client())
        .retry_config(retries())
        .timeout_config(time_outs())
        .service_config(AddressesOfServices);
    config.set_endpoint_url(variable(ENDPOINT_URL));
    // A rehearsal puts the stage here, to count the calls of each.
    config.set_app_name(variable("AWS_SDK_UA_APP_ID").and_then(|name| AppName::new(name).ok()));
    config.set_use_fips(flag("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(flag("AWS_USE_DUALSTACK_ENDPOINT"));
    config.build()
}

const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// `AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE` and the like.
#[derive(Debug)]
struct AddressesOfServices;

impl LoadServiceConfig for AddressesOfServices {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if key.env() != ENDPOINT_URL {
            return None;
        }
        let service = key.service_id().to_uppercase().replace([' ', '-'], "_");
        variable(&format!("{ENDPOINT_URL}_{service}"))
    }
}

/// Ring replaces the default AWS-LC: ring builds without a C++ toolchain and starts faster, which shortens a
/// cold start in the pause.
fn http_client() -> impl HttpClient + 'static {
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
}

/// Short, because every caller waits for the answer.
fn time_outs() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build()
}
