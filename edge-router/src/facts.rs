//! The properties of a request that the routing rules need.

use crossover_routing::{RequestFacts, share::POSITIONS};
use worker::js_sys;
use worker::web_sys::Request;

/// With these headers, frameworks treat a GET or POST as another method, so such a request counts as a write.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// A client that sends it can send the request again: the application knows the second from the first.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

pub fn of(request: &Request) -> RequestFacts {
    let headers = request.headers();
    let overridden = METHOD_OVERRIDES
        .iter()
        .any(|name| headers.has(name).unwrap_or(true));
    RequestFacts {
        keyed: headers.has(IDEMPOTENCY_KEY).unwrap_or(false),
        dice: (js_sys::Math::random() * f64::from(POSITIONS)) as u16,
        ..from_parts(&request.method(), request.body().is_some(), overridden)
    }
}

/// Every request that is not certainly a read is a write, an unknown method included.
fn from_parts(method: &str, has_body: bool, overridden: bool) -> RequestFacts {
    let reads = matches!(method, "GET" | "HEAD" | "OPTIONS") && !overridden;
    RequestFacts {
        is_write: !reads,
        repeatable: reads && method != "OPTIONS" && !has_body,
        renewal_failed: false,
        prefers_target: false,
        keyed: false,
        dice: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::from_parts;

    #[test]
    fn only_get_head_and_options_are_reads() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(!from_parts(method, false, false).is_write, "{method}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE", "PROPFIND", "get", ""] {
            assert!(from_parts(method, false, false).is_write, "{method}");
        }
    }

    /// The entry decides by the same names whether a request is direct.
    #[test]
    fn the_entry_knows_the_same_names() {
        let script = include_str!("direct.js");
        let own = [crate::headers::ACCOUNT, crate::OWN_PATH];
        for name in super::METHOD_OVERRIDES.into_iter().chain(own) {
            assert!(script.contains(&format!("\"{name}\"")), "{name}");
        }
    }

    #[test]
    fn a_method_override_makes_a_write() {
        let facts = from_parts("GET", false, true);
        assert!(facts.is_write && !facts.repeatable);
    }

    #[test]
    fn only_reads_without_a_body_are_repeatable() {
        assert!(from_parts("GET", false, false).repeatable);
        assert!(from_parts("HEAD", false, false).repeatable);
        assert!(!from_parts("GET", true, false).repeatable);
        assert!(!from_parts("OPTIONS", false, false).repeatable);
        assert!(!from_parts("POST", false, false).repeatable);
    }
}
