//! The signed admin API under `/__crossover/v1/lanes/{lane}`.

use crossover_routing::admin::{
    AdminRefusal, AdminRequest, EPOCH_HEADER, KEY_ID_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIME_HEADER,
};
use crossover_routing::{Command, Epoch, UnixMillis};
use wasm_bindgen::JsCast;
use worker::js_sys::{self, futures::JsFuture};
use worker::web_sys::{Request, Response};
use worker::{Env, Result};

use crate::clock::now;
use crate::config::Config;
use crate::lane_client::{AdminCall, LaneClient, Operation};
use crate::reply;

const LANES: &str = "/__crossover/v1/lanes/";
/// A command has a few hundred bytes.
const MAX_BODY: u64 = 16 * 1024;

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
pub async fn answer(request: &Request, path: &str, env: &Env, config: &Config) -> Result<Response> {
    let method = request.method();
    let Some((lane, asked)) = asked(&method, path) else {
        return reply::problem(404, "not_found", "no endpoint with this path and method");
    };
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
    let Some(body) = body_of(request).await? else {
        return reply::problem(
            413,
            "too_large",
            "the body of an admin call is limited to 16 KiB, with a content-length",
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
    if lane != config.lane {
        return reply::problem(
            404,
            "unknown_lane",
            &format!("this edge serves the lane {}", config.lane),
        );
    }
    let operation = match (asked, signed.expected) {
        (Asked::Read, _) => Operation::Read,
        (Asked::Audit, _) => Operation::Audit,
        (Asked::Held, _) => Operation::Held,
        (Asked::Traffic, _) => Operation::Traffic,
        (Asked::Apply, None) => {
            return reply::problem(
                400,
                "no_epoch",
                "a change needs the expected epoch in x-crossover-epoch",
            );
        }
        (Asked::Apply, Some(expected)) => match serde_json::from_slice::<Command>(&body) {
            Ok(Command::DeadlinePassed) => {
                return reply::problem(
                    400,
                    "bad_command",
                    "deadline_passed is reserved for the lane's own alarm",
                );
            }
            Ok(command) => Operation::Apply { expected, command },
            Err(error) => return reply::problem(400, "bad_command", &error.to_string()),
        },
    };
    let call = AdminCall {
        nonce: signed.nonce,
        time_ms: signed.time_ms,
        operation,
    };
    match LaneClient::new(env, lane)?.admin(&call).await {
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

/// The body; none if the body is too large or has no content-length.
async fn body_of(request: &Request) -> Result<Option<Vec<u8>>> {
    if request.body().is_none() {
        return Ok(Some(Vec::new()));
    }
    let length = request
        .headers()
        .get("content-length")?
        .and_then(|text| text.parse::<u64>().ok());
    if length.is_none_or(|length| length > MAX_BODY) {
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
