//! Rules for the headers that the edge passes on, removes and sets.

use worker::web_sys::Headers;

/// Which side answered.
pub const SIDE: &str = "x-crossover-side";
/// The lane's epoch when the request was forwarded.
pub const EPOCH: &str = "x-crossover-epoch";
/// How long the request was held, in milliseconds; set only for a held request.
pub const HELD_MS: &str = "x-crossover-held-ms";
/// `no`: the request certainly did not reach a database.
pub const EXECUTED: &str = "x-crossover-executed";

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
    use super::passes;

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
