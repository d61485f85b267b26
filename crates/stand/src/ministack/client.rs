//! The client that sets up the local AWS. It uses the wire protocols directly: MiniStack verifies no
//! signatures, and an AWS SDK would double the build time of everything that depends on this crate.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::error::{Result, StandError};
use crate::loopback;

/// The region of all resources.
pub const REGION: &str = "us-east-1";
/// The number of the only account.
pub const ACCOUNT: &str = "000000000000";

/// Access to a running MiniStack.
#[derive(Debug, Clone)]
pub struct Aws {
    http: Client,
    endpoint: String,
}

/// Action and object of one request, for messages.
pub(super) struct Call<'a> {
    pub(super) action: &'a str,
    pub(super) object: &'a str,
}

impl Aws {
    pub(crate) fn new(port: u16) -> Self {
        let http = loopback::http().build().unwrap_or_default();
        Self {
            http,
            endpoint: format!("http://127.0.0.1:{port}"),
        }
    }

    /// The value for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The environment that directs any AWS SDK to this MiniStack, for functions and for the command line.
    pub fn sdk_env(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    pub(super) async fn is_healthy(&self) -> bool {
        let health = self.http.get(format!("{}/_ministack/health", self.endpoint));
        health
            .timeout(Duration::from_secs(2))
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
    }

    /// A request routed to `service`: MiniStack reads the service from the credential scope.
    fn request(&self, service: &str, method: Method, path: &str) -> RequestBuilder {
        let scope = format!("Credential=test/20260101/{REGION}/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        self.http
            .request(method, format!("{}{path}", self.endpoint))
            .header("authorization", authorization)
    }

    /// A JSON 1.0 or 1.1 operation.
    pub(super) async fn json(
        &self,
        service: &str,
        target: &str,
        object: &str,
        body: &Value,
    ) -> Result<Value> {
        let action = target.rsplit('.').next().unwrap_or(target);
        let request = self
            .request(service, Method::POST, "/")
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string());
        send_json(Call { action, object }, request).await
    }

    /// A REST operation with a JSON body.
    pub(super) async fn rest(
        &self,
        service: &str,
        call: Call<'_>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let mut request = self.request(service, method, path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        send_json(call, request).await
    }

    /// A query operation, answered in XML.
    pub(super) async fn query(&self, service: &str, call: Call<'_>, form: String) -> Result<String> {
        let request = self
            .request(service, Method::POST, "/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        send(call, request).await
    }
}

async fn send_json(call: Call<'_>, request: RequestBuilder) -> Result<Value> {
    let (action, object) = (call.action.to_owned(), call.object.to_owned());
    let body = send(call, request).await?;
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&body).map_err(|_| StandError::AwsAnswer {
        action,
        object,
        field: "JSON document",
        body,
    })
}

async fn send(call: Call<'_>, request: RequestBuilder) -> Result<String> {
    let (action, object) = (call.action.to_owned(), call.object.to_owned());
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(source) => {
            return Err(StandError::AwsUnreachable {
                action,
                object,
                source,
            });
        }
    };
    let status = answer.status();
    match answer.text().await {
        Ok(body) if status.is_success() => Ok(body),
        Ok(body) => Err(StandError::Aws {
            action,
            object,
            status: status.as_u16(),
            body,
        }),
        Err(source) => Err(StandError::AwsUnreachable {
            action,
            object,
            source,
        }),
    }
}

/// A required text field of an answer.
pub(super) fn text(call: &Call<'_>, answer: &Value, field: &'static str) -> Result<String> {
    answer[field]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| StandError::AwsAnswer {
            action: call.action.to_owned(),
            object: call.object.to_owned(),
            field,
            body: answer.to_string(),
        })
}
