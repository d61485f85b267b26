//! The address of a call from an isolate to a Durable Object: `https://NAME/PATH?NAME=VALUE&...`.
//!
//! Both ends are this Worker and nothing in it is escaped, so it needs no parser of URLs: that one, with its tables of
//! international names, would be a third of the Worker.

/// Path and query of a call.
pub struct InternalCall<'a> {
    /// Without the leading slash.
    pub path: &'a str,
    query: &'a str,
}

impl<'a> InternalCall<'a> {
    pub fn of(url: &'a str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let rest = rest.split_once('/').map_or("", |(_, rest)| rest);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self { path, query }
    }

    /// A value of the query.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::InternalCall;

    #[test]
    fn path_and_values_are_those_of_the_address() {
        let call = InternalCall::of("https://lane/main/park?report=1-2-3&max_ms=10000");
        assert_eq!(call.path, "main/park");
        assert_eq!(
            (call.value("report"), call.value("max_ms")),
            (Some("1-2-3"), Some("10000"))
        );
        assert_eq!(call.value("known"), None);
        let bare = InternalCall::of("https://directory");
        assert_eq!((bare.path, bare.value("x")), ("", None));
    }
}
