use aws_config::SdkConfig;
use crossover_core::{
    Secret,
    ports::{PortError, PortResult},
};
use serde::de::DeserializeOwned;

use crate::failure::port_error;

/// Secrets Manager. Values are read at every cold start and again after a refusal, so a rotation is picked up.
#[derive(Debug, Clone)]
pub struct Secrets(aws_sdk_secretsmanager::Client);

impl Secrets {
    pub fn new(config: &SdkConfig) -> Self {
        Self(aws_sdk_secretsmanager::Client::new(config))
    }

    /// The JSON value of a secret. Errors name the secret and the field, never a value.
    pub async fn json<T: DeserializeOwned>(&self, secret_id: &str) -> PortResult<T> {
        let what = format!("secret {secret_id}");
        let answer = self
            .0
            .get_secret_value()
            .secret_id(secret_id)
            .send()
            .await
            .map_err(|e| port_error(&what, &e))?;
        let text = Secret::new(
            answer
                .secret_string
                .ok_or_else(|| PortError::unexpected(&what, "it holds no text; store it as JSON text"))?,
        );
        // serde_json's own message can quote the offending value; line and column are enough to find it.
        serde_json::from_str(text.expose()).map_err(|e| {
            PortError::unexpected(
                &what,
                format!(
                    "it is not the JSON that is expected (line {}, column {})",
                    e.line(),
                    e.column()
                ),
            )
        })
    }
}
