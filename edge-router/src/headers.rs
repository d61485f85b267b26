//! Rules for the headers that the edge passes on, removes and sets.

use crossover_routing::Millis;
use worker::web_sys::{Headers, Request};

/// In a request: the answer shall say which side answered, under which epoch.
pub const ACCOUNT: &str = "x-crossover-account";
/// Which side answered.
pub const SIDE: &str = "x-crossover-side";
/// The lane's epoch when the request was forwarded.
pub const EPOCH: &str = "x-crossover-epoch";
/// How long the request was held, in milliseconds; set only for a held request.
pub const HELD_MS: &str = "x-crossover-held-ms";
/// `no`: the request certainly did not reach a database.
pub const EXECUTED: &str = "x-crossover-executed";

/// The cookie of a client that has written a short time ago: its reads belong to the writer.
pub const PIN_COOKIE: &str = "crossover-pin";

/// The cookie for this long, in whole seconds. A client that forges or drops it changes only where its own reads go.
pub fn pin(length: Millis) -> String {
    let seconds = length.0.div_ceil(1_000);
    format!("{PIN_COOKIE}=1; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax")
}

/// The value of Server-Timing: what the edge took before it forwarded the request, and what the origin took after that.
pub fn timing(edge: Millis, origin: Millis) -> String {
    format!("edge;dur={edge}, origin;dur={origin}")
}

/// The values accepted from an origin; other values are removed.
pub const EXECUTION_VALUES: [&str; 3] = ["no", "unknown", "yes"];

/// Headers with this prefix are neither accepted from outside nor passed on.
const OWN_PREFIX: &str = "x-crossover-";
/// Headers of one connection, not of the request (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether the client wants to know who has answered.
pub fn asks_for_account(request: &Request) -> bool {
    request.headers().has(ACCOUNT).unwrap_or(false)
}

/// Removes the headers that must not pass, in either direction.
pub fn strip(headers: &Headers) -> worker::Result<()> {
    let connection = headers.get("connection")?.unwrap_or_default();
    let mut stopped = Vec::new();
    for name in headers.keys() {
        if let Some(name) = name?.as_string()
            && !passes(&name, &connection)
        {
            stopped.push(name);
        }
    }
    stopped.iter().try_for_each(|name| headers.delete(name))?;
    Ok(())
}

/// Whether the header `name` (lower case, as the runtime returns it) may pass, given the value of the
/// Connection header.
fn passes(name: &str, connection: &str) -> bool {
    !name.starts_with(OWN_PREFIX)
        && !HOP_BY_HOP.contains(&name)
        && !connection
            .split(',')
            .any(|listed| listed.trim().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::{Millis, passes, pin};

    #[test]
    fn a_pin_lasts_whole_seconds_and_never_less_than_asked() {
        assert!(pin(Millis(1_001)).contains("Max-Age=2;"));
    }

    #[test]
    fn end_to_end_headers_pass() {
        for name in [
            "content-type",
            "authorization",
            "cookie",
            "x-request-id",
            "x-crossove",
        ] {
            assert!(passes(name, "keep-alive"), "{name}");
        }
    }

    #[test]
    fn routing_and_hop_by_hop_headers_do_not() {
        for name in [
            "x-crossover-side",
            "x-crossover-anything",
            "connection",
            "te",
            "upgrade",
            "keep-alive",
        ] {
            assert!(!passes(name, ""), "{name}");
        }
    }

    #[test]
    fn headers_named_by_connection_do_not() {
        assert!(!passes("x-secret-hop", "close, X-Secret-Hop"));
    }
}
