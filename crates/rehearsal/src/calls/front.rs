//! The front of the local AWS: notes each request and passes it on unchanged.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header, uri::PathAndQuery},
    response::{IntoResponse, Response},
};
use crossover_stand::loopback;
use tokio::{net::TcpListener, task::JoinHandle};

use super::Calls;

/// A running front; ends when dropped.
pub struct Front {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Behind {
    calls: Calls,
    http: reqwest::Client,
    url: String,
}

impl Front {
    /// Starts a front of `url` on a free loopback port.
    pub async fn start(url: &str, calls: Calls) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let behind = Behind {
            calls,
            http: loopback::http().build().map_err(std::io::Error::other)?,
            url: url.to_owned(),
        };
        let router = Router::new().fallback(pass_on).with_state(behind);
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(error = %error, "the front of the local AWS ended");
            }
        });
        Ok(Self { address, serving })
    }

    /// The value for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass_on(
    State(behind): State<Behind>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    behind.calls.note(&uri, &headers, &body);
    // These belong to the connection, and the client writes its own.
    for own in [
        header::HOST,
        header::CONTENT_LENGTH,
        header::CONNECTION,
        header::TRANSFER_ENCODING,
    ] {
        headers.remove(own);
    }
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let request = behind
        .http
        .request(method, format!("{}{path}", behind.url))
        .headers(headers)
        .body(body);
    match request.send().await {
        Ok(answer) => {
            let (status, mut headers) = (answer.status(), answer.headers().clone());
            headers.remove(header::CONNECTION);
            headers.remove(header::TRANSFER_ENCODING);
            match answer.bytes().await {
                Ok(body) => (status, headers, Body::from(body)).into_response(),
                Err(error) => unreachable_behind(&error),
            }
        }
        Err(error) => unreachable_behind(&error),
    }
}

fn unreachable_behind(error: &reqwest::Error) -> Response {
    (
        StatusCode::BAD_GATEWAY,
        format!("the local AWS behind the front gave no answer: {error}"),
    )
        .into_response()
}
