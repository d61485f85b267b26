//! Answers that the Worker gives itself.

use crossover_routing::{Refused, directory::Unclear};
use serde::Serialize;
use worker::web_sys::{Headers, Response, ResponseInit};

use crate::config::BadConfig;
use crate::headers;
use crate::hold::GaveUp;

/// Seconds until a client whose request was held too long should try again: a cutover is over by then.
const RETRY_AFTER: &str = "2";

#[derive(Serialize)]
struct Problem<'a> {
    error: &'a str,
    message: &'a str,
}

fn build(status: u16, kind: &str, body: &str, extra: &[(&str, &str)]) -> worker::Result<Response> {
    let headers = Headers::new()?;
    headers.set("content-type", kind)?;
    headers.set("cache-control", "no-store")?;
    for (name, value) in extra {
        headers.set(name, value)?;
    }
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(&headers);
    Ok(Response::new_with_opt_str_and_init(Some(body), &init)?)
}

/// A plain text answer.
pub fn text(status: u16, body: &str) -> worker::Result<Response> {
    build(status, "text/plain; charset=utf-8", body, &[])
}

/// An answer with serialized JSON.
pub fn json(status: u16, body: &str) -> worker::Result<Response> {
    build(status, "application/json", body, &[])
}

/// An answer with metrics, in the format of Prometheus.
pub fn metrics(body: &str) -> worker::Result<Response> {
    build(200, "text/plain; version=0.0.4; charset=utf-8", body, &[])
}

fn problem_json(error: &str, message: &str) -> worker::Result<String> {
    Ok(serde_json::to_string(&Problem { error, message })?)
}

/// A refusal with its stable error name.
pub fn problem(status: u16, error: &str, message: &str) -> worker::Result<Response> {
    json(status, &problem_json(error, message)?)
}

fn not_executed(status: u16, error: &str, message: &str) -> worker::Result<Response> {
    let extra = [("retry-after", RETRY_AFTER), (headers::EXECUTED, "no")];
    build(status, "application/json", &problem_json(error, message)?, &extra)
}

/// The request was held and then given up: it reached no database.
pub fn gave_up(why: GaveUp) -> worker::Result<Response> {
    not_executed(503, why.name(), why.message())
}

/// It is unclear to which lane the request belongs, so it reached no database.
pub fn unclear(why: &Unclear) -> worker::Result<Response> {
    let body = problem_json(why.name(), &why.to_string())?;
    build(400, "application/json", &body, &[(headers::EXECUTED, "no")])
}

/// Nobody knows to which lane the request belongs: it reached no database.
pub fn no_directory() -> worker::Result<Response> {
    let message = "the directory of lanes could not be reached; the request was not executed, try again";
    not_executed(503, "directory_unreachable", message)
}

/// The lane serves less than everything: the request reached no database.
pub fn refused(why: Refused) -> worker::Result<Response> {
    let (name, message) = match why {
        Refused::ReadOnly => (
            "read_only",
            "only reads are served at the moment; the request was not executed",
        ),
        Refused::NoKey => (
            "not_held",
            "a cutover is under way, and only writes with the header idempotency-key wait for its end; the request was not executed, try again",
        ),
        Refused::Shed => (
            "shed",
            "too much load at the moment; the request was not executed, try again",
        ),
    };
    not_executed(503, name, message)
}

/// The isolate has as many requests in flight as it may: the request reached no database.
pub fn too_many_in_flight() -> worker::Result<Response> {
    let message = "too many requests are in flight; the request was not executed, try again";
    not_executed(503, "too_many_in_flight", message)
}

/// The configuration is invalid, so no request can be routed.
pub fn misconfigured(error: &BadConfig) -> worker::Result<Response> {
    not_executed(503, "misconfigured", &error.to_string())
}

/// The origin could not be reached. The answer states nothing about execution, because that is unknown.
pub fn unreachable(side: crossover_routing::Side) -> worker::Result<Response> {
    let body = problem_json("origin_unreachable", &format!("the {side} could not be reached"))?;
    build(502, "application/json", &body, &[(headers::SIDE, side.name())])
}

/// The origin gave no answer within the permitted time; whether it has executed the request is unknown.
pub fn timed_out(side: crossover_routing::Side) -> worker::Result<Response> {
    let message = format!("the {side} gave no answer within the permitted time");
    let body = problem_json("origin_timeout", &message)?;
    let extra = [(headers::SIDE, side.name()), (headers::EXECUTED, "unknown")];
    build(504, "application/json", &body, &extra)
}
