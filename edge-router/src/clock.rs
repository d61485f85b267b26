//! The Worker's only access to the time.

use std::cell::Cell;

use crossover_routing::UnixMillis;
use worker::js_sys;

thread_local! {
    static LATEST: Cell<UnixMillis> = const { Cell::new(UnixMillis(0)) };
}

/// The time. Cloudflare's clock advances only at an await.
///
/// It never goes back within an isolate: once any part of the isolate has seen `hold_at_ms`, no later decision
/// can be made for a time before it. The write barrier rests on that.
pub fn now() -> UnixMillis {
    let now = UnixMillis(js_sys::Date::now() as u64).max(LATEST.get());
    LATEST.set(now);
    now
}
