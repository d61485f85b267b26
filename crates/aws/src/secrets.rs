use aws_config::SdkConfig;
use crossover_core::{
    Secret,
    ports::{PortError, PortResult},
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::failure::port_error;

/// The secret that signs requests to the edge-router's admin API.
#[derive(Debug, Deserialize)]
pub struct EdgeKey {
    pub key_id: String,
    /// Hexadecimal.
    pub key: Secret<String>,
}

/// Secrets Manager. A value is read at every cold start, and again after a server has refused the old one, so
/// that a rotated secret takes effect.
#[derive(Debug, Clone)]
pub struct Secrets(aws_sdk_secretsmanager::Client);

impl Secrets {
    pub fn new(config: &SdkConfig) -> Self {
        Self(aws_sdk_secretsmanager::Client::new(config))
    }

    /// Whether a secret exists and has a value, which is not read.
    pub async fn exists(&self, secret_id: &str) -> PortResult<()> {
        let what = format!("secret {secret_id}");
        let found = self
            .0
            .describe_secret()
            .secret_id(secret_id)
            .send()
            .await
            .map_err(|e| port_error(&what, &e))?;
        if found.deleted_date.is_some() {
            return Err(PortError::missing(format!(
                "{what}, which is marked for deletion,"
            )));
        }
        let versions = found.version_ids_to_stages.unwrap_or_default();
        let has_value = versions.values().flatten().any(|stage| stage == "AWSCURRENT");
        if has_value {
            Ok(())
        } else {
            Err(PortError::missing(format!("the value of {what}")))
        }
    }

    /// The JSON value of a secret. Errors name the secret, never its value.
    pub async fn json<T: DeserializeOwned>(&self, secret_id: &str) -> PortResult<T> {
        let what = format!("secret {secret_id}");
        let answer = self
            .0
            .get_secret_value()
            .secret_id(secret_id)
            .send()
            .await
            .map_err(|e| port_error(&what, &e))?;
        let text = Secret::new(answer.secret_string.ok_or_else(|| {
            PortError::unexpected(&what, "the secret is not stored as text; store it as JSON text")
        })?);
        // The message of serde_json can quote the value; line and column suffice to find the fault.
        serde_json::from_str(text.expose()).map_err(|e| {
            PortError::unexpected(
                &what,
                format!(
                    "the secret is not JSON with the expected fields (first fault: line {}, column {})",
                    e.line(),
                    e.column()
                ),
            )
        })
    }
}
