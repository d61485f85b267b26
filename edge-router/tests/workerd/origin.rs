//! An HTTP origin that records every request.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::edge::until;

/// A request as it arrived at the origin.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

struct Inner {
    name: &'static str,
    status: AtomicU16,
    seen: Mutex<Vec<Seen>>,
    /// Number of body bytes that have arrived so far.
    arrived: watch::Sender<usize>,
    /// Answers wait while this is true.
    delayed: watch::Sender<bool>,
    /// The chunks that `/live` streams until the sender is dropped.
    live: Mutex<Option<mpsc::Receiver<Bytes>>>,
    /// Requests whose connection was closed before their answer.
    given_up: watch::Sender<usize>,
}

/// "kept as it is", compressed.
pub const GZIPPED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 78, 45, 40, 81, 72, 44, 86, 200, 44, 81, 200, 44, 6, 0, 15, 54,
    162, 38, 13, 0, 0, 0,
];

/// 64 MiB in which every stretch is different.
pub fn large() -> Bytes {
    (0..16_u32 << 20).flat_map(u32::to_le_bytes).collect()
}

/// Counts a request as given up unless it is answered.
struct Unanswered<'a>(&'a Inner);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.given_up.send_modify(|given_up| *given_up += 1);
    }
}

pub struct Origin {
    pub url: String,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Origin {
    pub async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            name,
            status: AtomicU16::new(200),
            seen: Mutex::default(),
            arrived: watch::channel(0).0,
            delayed: watch::channel(false).0,
            live: Mutex::default(),
            given_up: watch::channel(0).0,
        });
        let app = Router::new().fallback(serve).with_state(inner.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner, server }
    }

    /// Answers every request with this status from now on.
    pub fn answer_with(&self, status: u16) {
        self.inner.status.store(status, Ordering::SeqCst);
    }

    /// Keeps every answer back until [`Origin::answer_now`].
    pub fn delay_answers(&self) {
        self.inner.delayed.send_replace(true);
    }

    pub fn answer_now(&self) {
        self.inner.delayed.send_replace(false);
    }

    /// Waits for a request.
    pub async fn until_seen(&self, is_it: impl Fn(&Seen) -> bool) {
        until("a request at the origin", async || {
            self.seen().iter().any(&is_it).then_some(())
        })
        .await;
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().clone()
    }

    /// The bodies of all writes that arrived, sorted.
    pub fn writes(&self) -> Vec<String> {
        let seen = self.seen();
        let writes = seen.iter().filter(|seen| seen.method == "POST");
        let mut bodies: Vec<String> = writes
            .map(|seen| String::from_utf8(seen.body.to_vec()).unwrap())
            .collect();
        bodies.sort();
        bodies
    }

    /// Waits until the connections of so many requests were closed before their answer.
    pub async fn until_given_up(&self, count: usize) {
        let mut given_up = self.inner.given_up.subscribe();
        given_up.wait_for(|given_up| *given_up >= count).await.unwrap();
    }

    pub fn arrived(&self) -> watch::Receiver<usize> {
        self.inner.arrived.subscribe()
    }

    /// Makes `/live` stream the chunks sent through the returned sender.
    pub fn live(&self) -> mpsc::Sender<Bytes> {
        let (sender, receiver) = mpsc::channel(1);
        *self.inner.live.lock().unwrap() = Some(receiver);
        sender
    }
}

async fn serve(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut stream = body.into_data_stream();
    let mut body = Vec::new();
    while let Some(Ok(chunk)) = stream.next().await {
        body.extend_from_slice(&chunk);
        inner.arrived.send_modify(|arrived| *arrived += chunk.len());
    }
    let path = parts.uri.path().to_owned();
    inner.seen.lock().unwrap().push(Seen {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers,
        body: body.into(),
    });
    // The sender lives as long as the origin.
    let unanswered = Unanswered(&inner);
    let _ = inner.delayed.subscribe().wait_for(|delayed| !delayed).await;
    std::mem::forget(unanswered);
    let mut headers = HeaderMap::new();
    headers.insert("x-origin", HeaderValue::from_static(inner.name));
    headers.insert("x-crossover-executed", HeaderValue::from_static("forged"));
    headers.append(header::SET_COOKIE, HeaderValue::from_static("a=1"));
    headers.append(header::SET_COOKIE, HeaderValue::from_static("b=2"));
    match path.as_str() {
        "/redirect" => {
            headers.insert(header::LOCATION, HeaderValue::from_static("/elsewhere"));
            (StatusCode::FOUND, headers).into_response()
        }
        "/gzip" => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            (headers, GZIPPED).into_response()
        }
        "/part" => {
            headers.insert(header::CONTENT_RANGE, HeaderValue::from_static("bytes 2-5/10"));
            (StatusCode::PARTIAL_CONTENT, headers, "part").into_response()
        }
        "/large" => (headers, large()).into_response(),
        "/empty" => (StatusCode::NO_CONTENT, headers).into_response(),
        "/live" => {
            let live = inner.live.lock().unwrap().take().unwrap();
            let chunks = futures::stream::unfold(live, |mut live| async move {
                live.recv()
                    .await
                    .map(|chunk| (Ok::<_, std::io::Error>(chunk), live))
            });
            (headers, Body::from_stream(chunks)).into_response()
        }
        _ => {
            let status = StatusCode::from_u16(inner.status.load(Ordering::SeqCst)).unwrap();
            if status.is_server_error() {
                headers.insert("x-crossover-executed", HeaderValue::from_static("unknown"));
            }
            (status, headers, inner.name).into_response()
        }
    }
}
