//! The only clock of the Worker.

use worker::js_sys;

/// Unix milliseconds. Between two awaits of a request Cloudflare's clock stands still.
pub fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}
