//! The wire format: JSON 1.1, the operation in `X-Amz-Target`, faults with DMS's names.

use std::{net::SocketAddr, sync::Arc};

use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
use serde_json::Value;
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

use crate::{Account, Fault, request::Request};

/// A running API on a free loopback port; ends when dropped.
pub struct DmsApi {
    address: SocketAddr,
    account: Arc<Mutex<Account>>,
    serving: JoinHandle<()>,
}

impl DmsApi {
    pub async fn start(account: Account) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let account = Arc::new(Mutex::new(account));
        let router = Router::new()
            .route("/", post(operation))
            .with_state(Arc::clone(&account));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(error = %error, "the local DMS ended");
            }
        });
        Ok(Self {
            address,
            account,
            serving,
        })
    }

    /// Base URL of the API.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// ARNs of everything that exists, sorted.
    pub async fn arns(&self) -> Vec<String> {
        self.account.lock().await.documents.arns()
    }
}

impl Drop for DmsApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn operation(
    State(account): State<Arc<Mutex<Account>>>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, Fault> {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let operation = target.strip_prefix("AmazonDMSv20160101.").unwrap_or(target);
    let request = Request::parse(&body)?;
    let answer = account.lock().await.operate(operation, &request).await;
    if let Err(fault) = &answer {
        tracing::debug!(operation, fault = %fault, "the local DMS has refused a request");
    }
    answer.map(Json)
}
