//! The edge-router: a Cloudflare Worker that sends every request to the side that serves it, and holds writes
//! while the writer changes.
//!
//! - The directory names the request's lane ([`known_directory`], [`directory_object`]).
//! - A request is decided by [`crossover_routing::decide`] under a lease of the lane's record ([`known_lane`]).
//! - Most requests are direct: nothing is announced, held or due, so they are forwarded untouched ([`direct`], [`entry`]).
//! - A write that must wait does so in one long poll at the lane's Durable Object ([`hold`], [`lane`]); its
//!   body is not read meanwhile. After the release the held requests go on in turns ([`turns`]).
//! - Origins are those of the variables, or of the published directory within the list `ORIGINS`; bodies are streamed, redirects are returned to the client
//!   ([`forward`]).
//! - Writes in flight are counted and reported to the lane ([`in_flight`], [`guard`]): the write barrier.
//! - The lane is changed by signed calls under `/__crossover/v1/` ([`admin`]); a scraper of metrics has a token ([`metrics`]).
//!
//! Configuration (see `wrangler.toml`): `SOURCE_ORIGIN`, `TARGET_ORIGIN`, `LANE`, `ORIGINS`, `HOLD_MAX_MS`, `HELD_MAX`,
//! `TURN_MAX_MS`, `FORWARD_MAX_MS`, the secrets `ADMIN_KEYS` and `METRICS_TOKEN`, and the Durable Object bindings `LANES` and `DIRECTORY`.
//!
//! Correctness does not depend on this Worker: if a stale isolate forwards a late write, the locked database
//! refuses it.

mod admin;
mod clock;
pub mod config;
mod direct;
mod directory_client;
mod directory_object;
mod entry;
mod facts;
mod forward;
mod guard;
mod headers;
mod hold;
mod in_flight;
mod internal_call;
mod known_directory;
mod known_lane;
mod lane;
mod lane_client;
mod metrics;
mod nonces;
mod points;
mod proxy;
mod reply;
mod request_parts;
mod shadow;
mod target_reads;
mod turns;
mod underway;

use worker::{Context, Env, event, web_sys};

pub use directory_object::DirectoryObject;
pub use lane::LaneObject;

/// Prefix of the paths that the Worker answers itself; the origins never receive them.
const OWN_PATH: &str = "/__crossover/";

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, ctx: Context) -> worker::Result<web_sys::Response> {
    let url = request.url();
    let config = match config::load(&env) {
        Ok(config) => config,
        Err(error) => return reply::misconfigured(&error),
    };
    match forward::path_of(&url) {
        "/__crossover/healthz" => reply::text(200, "ok"),
        metrics::PATH => metrics::answer(&request, &env, &ctx, &config).await,
        path if path.starts_with(OWN_PATH) => admin::answer(&request, path, &env, &ctx, &config).await,
        _ => proxy::serve(&request, &url, &env, &ctx, &config).await,
    }
}
