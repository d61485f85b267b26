//! The Worker's only access to the time.

use crossover_routing::UnixMillis;
use worker::js_sys;

/// The time. Cloudflare's clock advances only at an await.
pub fn now() -> UnixMillis {
    UnixMillis(js_sys::Date::now() as u64)
}
