//! An edge for tests: the admin API over one lane and one directory, as simple as it can be.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
    routing::get,
};
use crossover_core::{
    Millis, UnixMillis,
    ports::Clock,
    routing::{Command, Directory, Epoch, LaneRecord, admin::EPOCH_HEADER, directory::Publication},
};
use crossover_operate::{directory::Spreading, edge::EdgeAdmin};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::directory::tests::{NOW, directory, publication};

/// What the edge has, and what has been asked of it.
pub struct Edge {
    pub record: LaneRecord,
    pub published: Spreading,
    /// How many looks at the directory a version needs before it is in force.
    pub spreads_for: u32,
    /// The answer to the next publication or command, instead of the true one.
    pub refuses: Option<(StatusCode, Value)>,
    /// Publications and commands that were asked for.
    pub asked: u32,
    clock: EdgeClock,
}

/// The clock of an edge and of whoever tests it: it advances only by sleeping.
#[derive(Clone)]
pub struct EdgeClock(Arc<AtomicU64>);

impl Default for EdgeClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(5)))
    }
}

#[async_trait]
impl Clock for EdgeClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, length: Millis) {
        self.0.fetch_add(length.0, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

pub type Shared = Arc<Mutex<Edge>>;

/// A running edge of lane `main` at version 3, and a client of it.
pub async fn edge() -> (EdgeAdmin, Shared) {
    edge_at(EdgeClock::default()).await
}

/// The same by this clock.
pub async fn edge_at(clock: EdgeClock) -> (EdgeAdmin, Shared) {
    let edge = Arc::new(Mutex::new(Edge {
        record: LaneRecord::new("main"),
        published: Spreading {
            current: publication(3, NOW, directory()),
            next: None,
        },
        spreads_for: 2,
        refuses: None,
        asked: 0,
        clock,
    }));
    let app = Router::new()
        .route("/__crossover/v1/directory", get(look).post(publish))
        .route("/__crossover/v1/lanes/{lane}", get(read).post(command))
        .route("/__crossover/v1/lanes/{lane}/held", get(held))
        .with_state(Arc::clone(&edge));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let admin = EdgeAdmin::with_hex_key(&url, "main", "key-1", &"5a".repeat(32)).unwrap();
    (admin, edge)
}

pub fn locked(edge: &Shared) -> MutexGuard<'_, Edge> {
    edge.lock().unwrap()
}

fn expected(headers: &HeaderMap) -> Epoch {
    Epoch(headers[EPOCH_HEADER].to_str().unwrap().parse().unwrap())
}

async fn look(State(edge): State<Shared>) -> Json<Spreading> {
    let mut edge = locked(&edge);
    if edge.published.next.is_some() {
        edge.spreads_for -= 1;
        if edge.spreads_for == 0 {
            edge.published.current = edge.published.next.take().unwrap();
        }
    }
    Json(edge.published.clone())
}

async fn publish(
    State(edge): State<Shared>,
    headers: HeaderMap,
    Json(directory): Json<Directory>,
) -> Response {
    let mut edge = locked(&edge);
    edge.asked += 1;
    if let Some((status, refusal)) = edge.refuses.take() {
        return (status, Json(refusal)).into_response();
    }
    let version = edge.published.newest();
    if expected(&headers) != version {
        let body =
            json!({ "error": "version_mismatch", "message": format!("version {version} is the newest") });
        return (StatusCode::CONFLICT, Json(body)).into_response();
    }
    edge.published.next = Some(Publication {
        version: version.next(),
        from_ms: NOW,
        directory,
    });
    Json(edge.published.clone()).into_response()
}

async fn read(State(edge): State<Shared>, _: Uri) -> Json<LaneRecord> {
    Json(locked(&edge).record.clone())
}

async fn held() -> Json<Value> {
    Json(json!({ "held": 3 }))
}

async fn command(State(edge): State<Shared>, headers: HeaderMap, Json(command): Json<Command>) -> Response {
    let mut edge = locked(&edge);
    edge.asked += 1;
    if let Some((status, refusal)) = edge.refuses.take() {
        return (status, Json(refusal)).into_response();
    }
    let now = edge.clock.now();
    match edge.record.apply(expected(&headers), &command, now) {
        Ok(next) => {
            edge.record = next;
            Json(edge.record.clone()).into_response()
        }
        Err(refusal) => {
            let body =
                json!({ "error": refusal.name(), "message": refusal.to_string(), "record": edge.record });
            (StatusCode::CONFLICT, Json(body)).into_response()
        }
    }
}
