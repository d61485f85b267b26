//! The parts of a client's request that the directory's rules may read.

use crossover_routing::KeyRing;
use crossover_routing::directory::RequestParts;
use crossover_routing::directory::signed_region::{self, BadSignedRegion};
use wasm_bindgen::JsValue;
use worker::js_sys::Reflect;
use worker::web_sys::Request;

use crate::clock::now;
use crate::forward::{path_and_query, path_of, scheme_and_host};

/// Set by Cloudflare; a client cannot choose it there.
pub const CLIENT_ADDRESS: &str = "cf-connecting-ip";

/// A request with its URL.
pub struct Parts<'a> {
    pub request: &'a Request,
    pub url: &'a str,
    /// Whose signature counts.
    pub keys: Option<&'a KeyRing>,
}

impl RequestParts for Parts<'_> {
    fn host(&self) -> String {
        host(self.url)
    }

    fn path(&self) -> &str {
        path_of(self.url)
    }

    fn query(&self) -> &str {
        query(self.url)
    }

    fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }

    fn place(&self) -> (Option<String>, Option<String>) {
        let of = |object: &JsValue, name: &str| Reflect::get(object, &JsValue::from_str(name)).ok();
        let Some(cf) = of(self.request, "cf").filter(JsValue::is_object) else {
            return (None, None);
        };
        let text = |name| of(&cf, name).and_then(|value| value.as_string());
        (text("country"), text("regionCode"))
    }

    fn client(&self) -> Option<String> {
        self.header(CLIENT_ADDRESS)
    }

    fn signed_region(&self) -> Option<Result<String, BadSignedRegion>> {
        let value = self.header(signed_region::HEADER)?;
        Some(signed_region::read(self.keys, &value, now()))
    }
}

/// The host of a URL as rules name it.
pub fn host(url: &str) -> String {
    host_of(url).to_ascii_lowercase()
}

/// The query of a URL, without `?`.
pub fn query(url: &str) -> &str {
    let rest = path_and_query(url);
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    rest.split_once('?').map_or("", |(_, query)| query)
}

/// The host of a URL without port and without the dot that may end a full name.
fn host_of(url: &str) -> &str {
    let (_, authority) = scheme_and_host(url);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn a_host_has_no_port_and_no_final_dot() {
        for url in [
            "https://shop.example:8443/a",
            "https://shop.example",
            "https://shop.example./?x",
        ] {
            assert_eq!(host_of(url), "shop.example", "{url}");
        }
        assert_eq!(host_of("http://[::1]:8080/"), "[::1]");
        assert_eq!(host_of("http://[::1]/"), "[::1]");
    }
}
