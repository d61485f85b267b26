//! The signed admin API: lanes under `/__crossover/v1/lanes/{lane}`, the directory at `/__crossover/v1/directory`.

use std::rc::Rc;

use crossover_routing::admin::{
    AdminRefusal, AdminRequest, EPOCH_HEADER, KEY_ID_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIME_HEADER,
};
use crossover_routing::{Command, Epoch, UnixMillis};
use wasm_bindgen::JsCast;
use worker::js_sys::{self, futures::JsFuture};
use worker::web_sys::{Request, Response};
use worker::{Context, Env, Result};

use crate::clock::now;
use crate::config::Config;
use crate::directory_client::{DirectoryCall, DirectoryClient, Publish};
use crate::lane_client::{AdminCall, LaneClient, Operation, Refused};
use crate::{known_directory, reply};

const LANES: &str = "/__crossover/v1/lanes/";
const DIRECTORY: &str = "/__crossover/v1/directory";
/// A command has a few hundred bytes.
const MAX_COMMAND: u64 = 16 * 1024;
/// A row of a Durable Object holds 2 MB, and a document needs some more there than as it was sent.
const MAX_DIRECTORY: u64 = 1_500_000;

/// The operation named by path and method.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Read,
    Audit,
    Held,
    Traffic,
    Apply,
}

/// Splits an admin path into the lane's name and the operation.
fn asked<'a>(method: &str, path: &'a str) -> Option<(&'a str, Asked)> {
    let rest = path.strip_prefix(LANES)?;
    let (lane, tail) = rest
        .split_once('/')
        .map_or((rest, None), |(lane, tail)| (lane, Some(tail)));
    let asked = match (method, tail) {
        ("GET", None) => Asked::Read,
        ("GET", Some("audit")) => Asked::Audit,
        ("GET", Some("held")) => Asked::Held,
        ("GET", Some("traffic")) => Asked::Traffic,
        ("POST", None) => Asked::Apply,
        _ => return None,
    };
    Some((lane, asked))
}

/// The fields of the signature headers.
struct Signed {
    key_id: String,
    time_ms: UnixMillis,
    nonce: String,
    expected: Option<Epoch>,
    signature: String,
}

impl Signed {
    fn of(request: &Request) -> Option<Self> {
        let headers = request.headers();
        let header = |name| headers.get(name).ok().flatten();
        let expected = match header(EPOCH_HEADER)?.as_str() {
            "-" => None,
            text => Some(Epoch(text.parse().ok()?)),
        };
        Some(Self {
            key_id: header(KEY_ID_HEADER)?,
            time_ms: header(TIME_HEADER)?.parse().map(UnixMillis).ok()?,
            nonce: header(NONCE_HEADER)?,
            expected,
            signature: header(SIGNATURE_HEADER)?,
        })
    }
}

/// Answers a request whose path is reserved for the Worker.
pub async fn answer(
    request: &Request,
    path: &str,
    env: &Env,
    ctx: &Context,
    config: &Rc<Config>,
) -> Result<Response> {
    let method = request.method();
    let lane = asked(&method, path);
    let is_directory = path == DIRECTORY && matches!(method.as_str(), "GET" | "POST");
    if lane.is_none() && !is_directory {
        return reply::problem(404, "not_found", "no endpoint with this path and method");
    }
    let Ok(keys) = &config.keys else {
        return reply::problem(
            503,
            "no_admin_keys",
            "ADMIN_KEYS is not set or invalid: the lane cannot be changed",
        );
    };
    let Some(signed) = Signed::of(request) else {
        return unauthorized(AdminRefusal::Malformed);
    };
    let limit = if is_directory { MAX_DIRECTORY } else { MAX_COMMAND };
    let Some(body) = body_of(request, limit).await? else {
        return reply::problem(
            413,
            "too_large",
            &format!("the body of this call is limited to {limit} bytes, with a content-length"),
        );
    };
    let call = AdminRequest {
        method: &method,
        path,
        body: &body,
        time_ms: signed.time_ms,
        nonce: &signed.nonce,
        key_id: &signed.key_id,
        expected: signed.expected,
    };
    if let Err(refusal) = keys.authenticate(&call, &signed.signature, now()) {
        return unauthorized(refusal);
    }
    match lane {
        Some((lane, asked)) => answer_for_lane(lane, asked, signed, &body, env, ctx, config).await,
        None => answer_for_directory(&method, signed, &body, env).await,
    }
}

async fn answer_for_lane(
    lane: &str,
    asked: Asked,
    signed: Signed,
    body: &[u8],
    env: &Env,
    ctx: &Context,
    config: &Rc<Config>,
) -> Result<Response> {
    // A call for a lane that exists must be answered also while the directory cannot be reached.
    match known_directory::routes(false, env, ctx, config).await {
        Ok(routes) if routes.directory().lanes.contains_key(lane) => {}
        Ok(routes) => {
            let known: Vec<&str> = routes.directory().lanes.keys().map(String::as_str).collect();
            let message = format!("this edge serves the lanes {}", known.join(", "));
            return reply::problem(404, "unknown_lane", &message);
        }
        Err(known_directory::Unreachable) => return reply::no_directory(),
    }
    let operation = match (asked, signed.expected) {
        (Asked::Read, _) => Operation::Read,
        (Asked::Audit, _) => Operation::Audit,
        (Asked::Held, _) => Operation::Held,
        (Asked::Traffic, _) => Operation::Traffic,
        (Asked::Apply, None) => return no_epoch(),
        (Asked::Apply, Some(expected)) => {
            match serde_json::from_str::<Command>(&String::from_utf8_lossy(body)) {
                Ok(Command::DeadlinePassed) => {
                    return reply::problem(
                        400,
                        "bad_command",
                        "deadline_passed is reserved for the lane's own alarm",
                    );
                }
                Ok(command) => Operation::Apply { expected, command },
                Err(error) => return reply::problem(400, "bad_command", &error.to_string()),
            }
        }
    };
    let client = LaneClient::new(env, lane)?;
    if let Operation::Apply {
        command: Command::Arm { .. },
        ..
    } = operation
        && is_spreading(env, config).await?
    {
        let refusal = Refused {
            error: "directory_spreading",
            message: "a new directory comes into force within seconds; arm after that".to_owned(),
            record: Some(client.look().await?),
        };
        return reply::json(409, &serde_json::to_string(&refusal)?);
    }
    let call = AdminCall {
        nonce: signed.nonce,
        time_ms: signed.time_ms,
        operation,
    };
    match client.admin(&call).await {
        Ok((status, body)) => reply::json(status, &body),
        Err(error) => {
            worker::console_error!("lane {lane}: admin call failed: {error}");
            reply::problem(
                503,
                "lane_unreachable",
                "the lane could not be reached: read the lane before trying again",
            )
        }
    }
}

/// Whether a new directory is not in force everywhere yet. A cutover that is announced meanwhile would meet two
/// directories.
async fn is_spreading(env: &Env, config: &Config) -> Result<bool> {
    if config.origins.is_none() {
        return Ok(false);
    }
    let published = DirectoryClient::new(env)?.newer_than(None).await?;
    Ok(published.is_some_and(|spreading| spreading.next.is_some()))
}

async fn answer_for_directory(method: &str, signed: Signed, body: &[u8], env: &Env) -> Result<Response> {
    let publish = match (method, signed.expected) {
        ("POST", None) => return no_epoch(),
        ("POST", Some(expected)) => match String::from_utf8(body.to_vec()) {
            Ok(directory) => Some(Publish { expected, directory }),
            Err(error) => return reply::problem(400, "bad_directory", &error.to_string()),
        },
        _ => None,
    };
    let call = DirectoryCall {
        nonce: signed.nonce,
        time_ms: signed.time_ms,
        publish,
    };
    match DirectoryClient::new(env)?.admin(&call).await {
        Ok((status, body)) => reply::json(status, &body),
        Err(error) => {
            worker::console_error!("directory: admin call failed: {error}");
            reply::problem(
                503,
                "directory_unreachable",
                "the directory could not be reached: read it before trying again",
            )
        }
    }
}

fn no_epoch() -> Result<Response> {
    reply::problem(
        400,
        "no_epoch",
        "a change needs the expected epoch in x-crossover-epoch",
    )
}

/// The body; none if the body is too large or has no content-length.
async fn body_of(request: &Request, limit: u64) -> Result<Option<Vec<u8>>> {
    if request.body().is_none() {
        return Ok(Some(Vec::new()));
    }
    let length = request
        .headers()
        .get("content-length")?
        .and_then(|text| text.parse::<u64>().ok());
    if length.is_none_or(|length| length > limit) {
        return Ok(None);
    }
    let buffer = JsFuture::from(request.array_buffer()?).await?;
    Ok(Some(js_sys::Uint8Array::new(buffer.unchecked_ref()).to_vec()))
}

fn unauthorized(refusal: AdminRefusal) -> Result<Response> {
    reply::problem(401, refusal.name(), &refusal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_accepts_only_its_method_and_other_paths_do_not_exist() {
        let at = |method, rest: &str| asked(method, &format!("{LANES}{rest}")).map(|(_, asked)| asked);
        assert_eq!(at("GET", "main"), Some(Asked::Read));
        assert_eq!(at("POST", "main"), Some(Asked::Apply));
        assert_eq!(at("GET", "main/audit"), Some(Asked::Audit));
        assert_eq!(at("GET", "main/held"), Some(Asked::Held));
        assert_eq!(at("GET", "main/traffic"), Some(Asked::Traffic));
        for (method, rest) in [
            ("DELETE", "main"),
            ("POST", "main/audit"),
            ("GET", "main/"),
            ("GET", "main/audit/x"),
        ] {
            assert_eq!(at(method, rest), None, "{method} {rest}");
        }
        assert_eq!(asked("GET", "/__crossover/v2/lanes/main"), None);
    }
}
