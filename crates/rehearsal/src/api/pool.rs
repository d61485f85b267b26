//! The connection pool, which replaces lost sessions automatically.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::{Config, NoTls};

use super::ApiError;

/// How long a request may wait for a session while all are busy; longer than the burst of writes after a hold
/// needs.
const WAIT: Duration = Duration::from_secs(5);
/// Time limit for opening a session.
const CONNECT: Duration = Duration::from_secs(2);

/// A pool that opens sessions when they are first needed.
///
/// A session is verified each time it is handed out, so one that the server has ended is replaced and never
/// used for a request. A refused login fails that one request only, and the next request tries again.
pub(super) fn connect_lazily(db_url: &str, pool_size: usize) -> Result<Pool, ApiError> {
    let mut config: Config = db_url.parse().map_err(|_| ApiError::Address)?;
    config.connect_timeout(CONNECT);
    if config.get_application_name().is_none() {
        config.application_name("sample-api");
    }
    let manager = Manager::from_config(
        config,
        NoTls,
        ManagerConfig {
            recycling_method: RecyclingMethod::Verified,
        },
    );
    let pool = Pool::builder(manager)
        .max_size(pool_size)
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts {
            wait: Some(WAIT),
            create: Some(CONNECT),
            recycle: Some(CONNECT),
        })
        .build()?;
    Ok(pool)
}
