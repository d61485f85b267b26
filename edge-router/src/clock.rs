//! The only clock of the Worker.

use crossover_routing::UnixMillis;
use worker::js_sys;

/// The time. Between two awaits of a request Cloudflare's clock stands still.
pub fn now() -> UnixMillis {
    UnixMillis(js_sys::Date::now() as u64)
}
