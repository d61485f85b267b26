//! The sample orders API: the application whose database is migrated. One instance uses the source, one the
//! target.
//!
//! | route | what it does |
//! |---|---|
//! | `POST /orders` | order, items, payment and ledger entry in one transaction; 201 `{"id", "order_id"}` (shop only) |
//! | `POST /entries` | a ledger entry alone; 201 `{"id", "order_id": null}` |
//! | `GET /orders/{id}` | one order with its items and payments (shop only) |
//! | `GET /orders/recent?region=N01` | the last orders of a region (shop only) |
//! | `GET /entries/{token}` | the ledger entry of a token |
//! | `GET /healthz` | the process runs; no database involved |
//! | `GET /readyz` | the database answers |
//!
//! Every failure states in the header [`EXECUTED`] whether the write may have happened: `no` when it
//! certainly did not, `unknown` when the connection was lost during the commit. The API retries nothing: that
//! is the caller's decision.

mod entries;
mod failure;
mod orders;
mod pool;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use deadpool_postgres::Pool;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use crate::shop::Mode;
use failure::Failure;

/// The response header that says whether a failed write may have happened: `no` or `unknown`.
pub const EXECUTED: &str = "x-crossover-executed";

/// The request header that lets the API wait before it begins with the request, in milliseconds.
pub const DELAY_MS: &str = "x-rehearsal-delay-ms";

/// Why the sample API could not start.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The database address is invalid; the text contains no part of the address, because it contains a
    /// password.
    #[error(
        "the sample API's database address is invalid: give postgresql://user:password@host:port/database"
    )]
    Address,
    /// The pool refused its settings.
    #[error("the sample API's connection pool could not be created")]
    Pool(#[from] deadpool_postgres::BuildError),
    /// No port was available.
    #[error("the sample API could not listen on 127.0.0.1")]
    Listen(#[from] std::io::Error),
}

/// A running sample API; ends gracefully with [`SampleApi::stop`], at once when dropped.
#[derive(Debug)]
pub struct SampleApi {
    address: SocketAddr,
    pool: Pool,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
}

impl SampleApi {
    /// Listens on a free port of 127.0.0.1 and uses the database at `db_url` with at most `pool_size`
    /// sessions.
    ///
    /// The database need not be reachable yet: sessions are opened when they are first needed.
    pub async fn start(db_url: &str, mode: Mode, pool_size: usize) -> Result<Self, ApiError> {
        let pool = pool::connect_lazily(db_url, pool_size)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let serve = axum::serve(listener, routes(mode, pool.clone())).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(async move { serve.await });
        Ok(Self {
            address,
            pool,
            stop: Some(stop),
            server,
        })
    }

    /// The listening address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for running requests to end, then closes every database session.
    ///
    /// Clients that keep an idle connection open are disconnected after two seconds.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let ended = tokio::time::timeout(Duration::from_secs(2), &mut self.server).await;
        if ended.is_err() {
            self.server.abort();
        }
        self.pool.close();
    }
}

impl Drop for SampleApi {
    fn drop(&mut self) {
        self.server.abort();
        self.pool.close();
    }
}

fn routes(mode: Mode, pool: Pool) -> Router {
    let ledger = Router::new()
        .route("/healthz", get(async || StatusCode::NO_CONTENT))
        .route("/readyz", get(ready))
        .route("/entries", post(entries::create))
        .route("/entries/{token}", get(entries::read));
    let all = match mode {
        Mode::LedgerOnly => ledger,
        Mode::Shop => ledger
            .route("/orders", post(orders::create))
            .route("/orders/recent", get(orders::recent))
            .route("/orders/{id}", get(orders::read)),
    };
    all.with_state(pool).layer(from_fn(delayed))
}

async fn delayed(request: Request, next: Next) -> Response {
    let delay = request.headers().get(DELAY_MS);
    if let Some(delay) = delay.and_then(|delay| delay.to_str().ok()?.parse().ok()) {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    next.run(request).await
}

async fn ready(axum::extract::State(pool): axum::extract::State<Pool>) -> Result<StatusCode, Failure> {
    let session = pool.get().await.map_err(Failure::no_session)?;
    session
        .simple_query("select 1")
        .await
        .map_err(Failure::rolled_back)?;
    Ok(StatusCode::NO_CONTENT)
}
