//! The Worker's variables, parsed once per isolate.

use std::cell::RefCell;
use std::rc::Rc;

use crossover_routing::{KeyRing, Millis, Side, admin::BadKey};
use worker::{Env, Url};

const DEFAULT_LANE: &str = "main";
const DEFAULT_HOLD_MAX_MS: u64 = 10_000;
const DEFAULT_HELD_MAX: u64 = 2_000;
/// Upper limit of a hold for any configuration: see docs/cutover-protocol.md, "The pause".
const HARD_HOLD_MAX: Millis = Millis(20_000);

#[derive(Debug)]
pub struct Config {
    source: String,
    target: String,
    /// The lane this Worker serves.
    pub lane: String,
    /// How long a request may be held, at most 20 s.
    pub hold_max: Millis,
    /// How many requests the lane may hold at once.
    pub held_max: u64,
    /// Keys that may change the lane. With unusable keys the admin API is closed, but requests are served.
    pub keys: Result<KeyRing, BadKey>,
}

/// All faults of the variables, in one message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the edge-router is not configured: {0}")]
pub struct BadConfig(String);

impl Config {
    /// Parses the variables; `var` returns a variable's text. All faults are reported at once.
    pub fn parse(var: impl Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut faults = Vec::new();
        let mut noted = |outcome: Result<String, String>| outcome.map_err(|fault| faults.push(fault)).ok();
        let source = noted(origin("SOURCE_ORIGIN", var("SOURCE_ORIGIN")));
        let target = noted(origin("TARGET_ORIGIN", var("TARGET_ORIGIN")));
        let lane = noted(lane_name(var("LANE").unwrap_or_else(|| DEFAULT_LANE.to_owned())));
        let mut number = |name, default| match var(name).map(|text| text.trim().parse::<u64>()) {
            None => Some(default),
            Some(Ok(number)) if number > 0 => Some(number),
            Some(_) => {
                faults.push(format!("{name} must be a whole number above 0"));
                None
            }
        };
        let hold_max_ms = number("HOLD_MAX_MS", DEFAULT_HOLD_MAX_MS);
        let held_max = number("HELD_MAX", DEFAULT_HELD_MAX);
        let keys = KeyRing::from_json(&var("ADMIN_KEYS").unwrap_or_default());
        match (source, target, lane, hold_max_ms, held_max) {
            (Some(source), Some(target), Some(lane), Some(hold_max_ms), Some(held_max)) => Ok(Self {
                source,
                target,
                lane,
                hold_max: Millis(hold_max_ms).min(HARD_HOLD_MAX),
                held_max,
                keys,
            }),
            _ => Err(BadConfig(faults.join("; "))),
        }
    }

    /// Scheme, host and port of a side, without a trailing slash. Requests are sent only to the two origins.
    pub fn origin(&self, side: Side) -> &str {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }
}

fn origin(name: &str, text: Option<String>) -> Result<String, String> {
    let text = text.ok_or_else(|| format!("{name} is not set"))?;
    let fault = || format!("{name} must be an http or https origin without path, user or query");
    let url = Url::parse(text.trim()).map_err(|_| fault())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(fault())
    }
}

fn lane_name(text: String) -> Result<String, String> {
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if fits {
        Ok(text)
    } else {
        Err("LANE must be 1 to 64 letters, digits, - or _".to_owned())
    }
}

thread_local! {
    /// Variables never change within an isolate.
    static LOADED: RefCell<Option<Result<Rc<Config>, BadConfig>>> = const { RefCell::new(None) };
}

/// The isolate's configuration.
pub fn load(env: &Env) -> Result<Rc<Config>, BadConfig> {
    LOADED.with_borrow_mut(|loaded| {
        loaded
            .get_or_insert_with(|| {
                Config::parse(|name| env.var(name).ok().map(|var| var.to_string())).map(Rc::new)
            })
            .clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(vars: &[(&str, &str)]) -> Result<Config, BadConfig> {
        Config::parse(|name| {
            vars.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, text)| (*text).to_owned())
        })
    }

    const ORIGINS: [(&str, &str); 2] = [
        ("SOURCE_ORIGIN", "http://127.0.0.1:8001/"),
        ("TARGET_ORIGIN", "https://target.example"),
    ];

    #[test]
    fn two_origins_are_enough() {
        let config = parse(&ORIGINS).unwrap();
        assert_eq!(config.origin(Side::Source), "http://127.0.0.1:8001");
        assert_eq!(config.origin(Side::Target), "https://target.example");
        assert_eq!(
            (config.lane.as_str(), config.hold_max, config.held_max),
            ("main", Millis(10_000), 2_000)
        );
        assert!(config.keys.is_err(), "without keys no call may change the lane");
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let error = parse(&[("SOURCE_ORIGIN", "ftp://x"), ("LANE", "a/b"), ("HELD_MAX", "0")]).unwrap_err();
        for name in ["SOURCE_ORIGIN", "TARGET_ORIGIN", "LANE", "HELD_MAX"] {
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_only() {
        for text in [
            "http://a/path",
            "http://user@a",
            "http://a/?q",
            "http://a/#f",
            "a",
            "file:///etc/passwd",
            "",
        ] {
            let vars = [("SOURCE_ORIGIN", text), ORIGINS[1]];
            assert!(parse(&vars).is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn no_configuration_holds_longer_than_the_hard_limit() {
        let vars = [ORIGINS[0], ORIGINS[1], ("HOLD_MAX_MS", "3600000")];
        assert_eq!(parse(&vars).unwrap().hold_max, Millis(20_000));
    }
}
