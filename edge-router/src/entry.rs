//! What `direct.js` of the bundle calls: the decision, the count of writes, and the answers that are not the origin's.
//!
//! Numbers and text only where a request is served; a call costs well under a microsecond.

use crossover_routing::{Ended, Millis, UnixMillis};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Context, Env, web_sys, worker_sys};

use crate::direct::{self, NotDirect};
use crate::{config, guard, headers, proxy, reply};

const LONGER: i32 = -1;
const OTHER_NAMES: i32 = -2;

/// In place of a status: the origin could not be reached, or took too long.
const UNREACHABLE: i32 = 0;
const TIMED_OUT: i32 = -1;

fn ended(status: i32) -> Ended {
    match status {
        UNREACHABLE => Ended::Unreachable,
        TIMED_OUT => Ended::TimedOut,
        status => Ended::Answered(status.try_into().unwrap_or_default()),
    }
}

/// The number of the route of a direct request, or why it is not direct.
#[wasm_bindgen]
pub fn direct_route(is_write: bool, url: &str, version: u32, said: &str) -> i32 {
    match direct::route(is_write, url, version, said) {
        Ok(number) => number.cast_signed(),
        Err(NotDirect::Longer) => LONGER,
        Err(NotDirect::OtherNames) => OTHER_NAMES,
    }
}

/// Version of the list of names that describe a request.
#[wasm_bindgen]
pub fn direct_version() -> u32 {
    direct::names().0
}

/// The list of names, a line each.
#[wasm_bindgen]
pub fn direct_names() -> String {
    direct::names().1
}

/// Scheme, host and port of a route.
#[wasm_bindgen]
pub fn direct_origin(number: u32) -> Option<String> {
    direct::by_number(number).map(|route| route.origin.into())
}

/// The cookie that the answer to a write sets, if there is one.
#[wasm_bindgen]
pub fn direct_pin(number: u32) -> Option<String> {
    direct::by_number(number)?.pin.map(headers::pin)
}

/// How long an origin may take for the headers of its answer, in milliseconds.
#[wasm_bindgen]
pub fn forward_max_ms() -> f64 {
    config::loaded().map_or(0.0, |config| config.forward_max.0 as f64)
}

/// How many requests an isolate may have in flight.
#[wasm_bindgen]
pub fn in_flight_max() -> f64 {
    config::loaded().map_or(0.0, |config| config.in_flight_max as f64)
}

/// The answer where that many are in flight.
#[wasm_bindgen]
pub fn too_many_in_flight() -> worker::Result<web_sys::Response> {
    reply::too_many_in_flight()
}

/// Counts a write that is sent now; the key ends it.
#[wasm_bindgen]
pub fn write_sent(number: u32) -> u32 {
    direct::by_number(number).map_or(0, |route| route.lane.write_sent())
}

/// A write has ended with this status. Whether the lane waits for this news.
#[wasm_bindgen]
pub fn write_ended(number: u32, key: u32, status: i32) -> bool {
    direct::by_number(number).is_some_and(|route| route.lane.write_ended(key, route.side, ended(status)))
}

/// A read has ended with this status, after so many milliseconds.
#[wasm_bindgen]
pub fn read_ended(number: u32, took: f64, status: i32) {
    if let Some(route) = direct::by_number(number) {
        let mut counts = route.lane.counts.borrow_mut();
        counts.forwarded(route.side, false, ended(status), Millis(took as u64));
    }
}

/// Tells the lane the news.
#[wasm_bindgen]
pub fn report_news(number: u32, env: &Env, ctx: worker_sys::Context) {
    if let Some(route) = direct::by_number(number) {
        guard::answered(&route.lane, env, &Context::new(ctx));
    }
}

/// A direct read has failed. Another answer, or none: the failure is to be returned.
#[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures)]
pub async fn direct_read_failed(
    request: web_sys::Request,
    env: Env,
    ctx: worker_sys::Context,
    number: u32,
    sent: f64,
) -> worker::Result<Option<web_sys::Response>> {
    let (Some(config), Some(route)) = (config::loaded(), direct::by_number(number)) else {
        return Ok(None);
    };
    let sent = UnixMillis(sent as u64);
    proxy::serve_again(&request, &env, &Context::new(ctx), &config, &route, sent).await
}

/// The answer where the origin of a route could not be reached.
#[wasm_bindgen]
pub fn origin_unreachable(number: u32) -> worker::Result<web_sys::Response> {
    let route = direct::by_number(number).ok_or_else(no_route)?;
    reply::unreachable(route.side)
}

/// The answer where the origin of a route took too long.
#[wasm_bindgen]
pub fn origin_timed_out(number: u32) -> worker::Result<web_sys::Response> {
    let route = direct::by_number(number).ok_or_else(no_route)?;
    reply::timed_out(route.side)
}

fn no_route() -> worker::Error {
    worker::Error::RustError("the instance that knew this route was replaced".to_owned())
}
