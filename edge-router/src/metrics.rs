//! What a scraper of metrics reads: every lane of the directory, as text for Prometheus.

use std::rc::Rc;

use crossover_routing::metrics;
use futures::future::join_all;
use worker::web_sys::{Request, Response};
use worker::{Context, Env, Error, Result};

use crate::config::Config;
use crate::lane_client::LaneClient;
use crate::{known_directory, reply};

pub const PATH: &str = "/__crossover/v1/metrics";

/// Answers a scraper that has the token.
pub async fn answer(request: &Request, env: &Env, ctx: &Context, config: &Rc<Config>) -> Result<Response> {
    if request.method() != "GET" {
        return reply::problem(404, "not_found", "no endpoint with this path and method");
    }
    let token = match &config.metrics_token {
        Some(Ok(token)) => token,
        Some(Err(error)) => {
            return reply::problem(503, "no_metrics_token", &format!("METRICS_TOKEN: {error}"));
        }
        None => {
            return reply::problem(
                503,
                "no_metrics_token",
                "METRICS_TOKEN is not set: nobody may read",
            );
        }
    };
    let said = request.headers().get("authorization")?.unwrap_or_default();
    if !token.is_in(&said) {
        return reply::problem(
            401,
            "wrong_token",
            "the Authorization header needs the token of METRICS_TOKEN",
        );
    }
    let Ok(routes) = known_directory::routes(false, env, ctx, config).await else {
        return reply::no_directory();
    };
    let names: Vec<&String> = routes.directory().lanes.keys().collect();
    let asked = join_all(
        names
            .iter()
            .map(async |name| LaneClient::new(env, name)?.figures().await),
    )
    .await;
    let (mut lanes, mut unreached) = (Vec::new(), Vec::new());
    for (name, figures) in names.into_iter().zip(asked) {
        match figures {
            Ok(figures) => lanes.push(figures),
            Err(error) => {
                worker::console_warn!("lane {name}: no figures: {error}");
                unreached.push(name.clone());
            }
        }
    }
    let text = metrics::text(&lanes, &unreached).map_err(|error| Error::RustError(error.to_string()))?;
    reply::metrics(&text)
}
