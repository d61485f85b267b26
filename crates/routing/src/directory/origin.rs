//! Where requests are sent: scheme, host and port, and nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Scheme, host and port of a server, e.g. `https://orders.example`; without path, user or query.
///
/// Kept in one spelling: lower case, without a default port and without a trailing slash. So two spellings of one origin
/// compare equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} must be an http or https origin without path, user or query")]
pub struct NoOrigin(String);

impl Origin {
    /// The text, e.g. `https://orders.example`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without port.
    pub fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or("", |(_, authority)| authority);
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        }
    }
}

impl TryFrom<String> for Origin {
    type Error = NoOrigin;

    fn try_from(text: String) -> Result<Self, NoOrigin> {
        parse(text.trim()).map(Self).ok_or(NoOrigin(text))
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Origin {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Origin".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Scheme, host and port of a server, without path, user or query; an international name in its ASCII form \
                            (xn--...).",
            "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$",
            "examples": ["https://orders.example"],
        })
    }
}

fn parse(text: &str) -> Option<String> {
    // Also refuses spaces, control characters and names that are not ASCII: an international name is written in its
    // ASCII form (xn--...).
    let uri: http::Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?;
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = uri.authority()?;
    let plain = !authority.as_str().contains('@')
        && !authority.host().is_empty()
        && !authority.as_str().ends_with(':')
        && uri.path() == "/"
        && uri.query().is_none()
        && !text.contains('#');
    if !plain {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    Some(match authority.port_u16() {
        Some(port) if port != default_port => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<Origin, NoOrigin> {
        Origin::try_from(text.to_owned())
    }

    #[test]
    fn an_origin_has_one_spelling() {
        for text in [
            "https://Target.Example",
            "https://target.example/",
            "https://target.example:443",
        ] {
            assert_eq!(origin(text).unwrap().as_str(), "https://target.example", "{text}");
        }
        let local = origin("http://127.0.0.1:8001/").unwrap();
        assert_eq!(
            (local.as_str(), local.host()),
            ("http://127.0.0.1:8001", "127.0.0.1")
        );
        assert_eq!(origin("http://[::1]:80").unwrap().host(), "[::1]");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_only() {
        for text in [
            "http://a/path",
            "http://user@a",
            "http://a/?q",
            "http://a?q",
            "http://a/#f",
            "http://a:",
            "http://",
            "a",
            "/",
            "ftp://a",
            "file:///etc/passwd",
            "http://a b",
            "",
        ] {
            assert!(origin(text).is_err(), "{text:?} was accepted");
        }
    }
}
