//! The Worker's variables, parsed once per isolate.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crossover_routing::bearer::{BadToken, BearerToken};
use crossover_routing::{Directory, KeyRing, Millis, Origin, Routes, admin::BadKey};
use worker::Env;

const DEFAULT_LANE: &str = "main";
const DEFAULT_HOLD_MAX_MS: u64 = 10_000;
const DEFAULT_HELD_MAX: u64 = 2_000;
/// A request in flight costs workerd 4 file handles, and a process usually has 20,000.
const DEFAULT_IN_FLIGHT_MAX: u64 = 4_000;
/// Enough for an application to open its first sessions; one that is slow for another reason gains nothing by it.
const DEFAULT_TURN_MAX_MS: u64 = 250;
/// Long enough for a slow upload: the time counts until the answer's headers arrive.
const DEFAULT_FORWARD_MAX_MS: u64 = 300_000;
/// Upper limit of a hold for any configuration: see docs/cutover-protocol.md, "The pause".
const HARD_HOLD_MAX: Millis = Millis(20_000);

#[derive(Debug)]
pub struct Config {
    /// The directory of one lane that the variables describe: version 0.
    pub own_routes: Rc<Routes>,
    /// The only origins that a published directory may name; none if nothing may be published.
    pub origins: Option<BTreeSet<Origin>>,
    /// How long a request may be held, at most 20 s.
    pub hold_max: Millis,
    /// How many requests the lane may hold at once.
    pub held_max: u64,
    /// How many requests an isolate may have in flight, held ones among them.
    pub in_flight_max: u64,
    /// How long a released request may wait for its turn.
    pub turn_max: Millis,
    /// How long an origin may take for the headers of its answer, the client's upload included.
    pub forward_max: Millis,
    /// Whether origins are told the client's scheme and host, in `x-forwarded-proto` and `x-forwarded-host`.
    pub forwarded_host: bool,
    /// Keys that may change the lane. With unusable keys the admin API is closed, but requests are served.
    pub keys: Result<KeyRing, BadKey>,
    /// Who has it may read the metrics. Without a usable one nobody may, but requests are served.
    pub metrics_token: Option<Result<BearerToken, BadToken>>,
}

/// All faults of the variables, in one message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the edge-router is not configured: {0}")]
pub struct BadConfig(String);

impl Config {
    /// Parses the variables; `var` returns a variable's text. All faults are reported at once.
    pub fn parse(var: impl Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut faults = Vec::new();
        let source = noted(&mut faults, origin("SOURCE_ORIGIN", var("SOURCE_ORIGIN")));
        let target = noted(&mut faults, origin("TARGET_ORIGIN", var("TARGET_ORIGIN")));
        let origins = noted(&mut faults, origins(var("ORIGINS")));
        let lane = var("LANE").unwrap_or_else(|| DEFAULT_LANE.to_owned());
        let mut number = |name, default| noted(&mut faults, number(name, var(name), default));
        let hold_max_ms = number("HOLD_MAX_MS", DEFAULT_HOLD_MAX_MS);
        let held_max = number("HELD_MAX", DEFAULT_HELD_MAX);
        let in_flight_max = number("IN_FLIGHT_MAX", DEFAULT_IN_FLIGHT_MAX);
        let turn_max_ms = number("TURN_MAX_MS", DEFAULT_TURN_MAX_MS);
        let forward_max_ms = number("FORWARD_MAX_MS", DEFAULT_FORWARD_MAX_MS);
        let forwarded_host = noted(
            &mut faults,
            switch("FORWARDED_HOST", var("FORWARDED_HOST").as_deref()),
        );
        let keys = KeyRing::from_json(&var("ADMIN_KEYS").unwrap_or_default());
        let metrics_token = var("METRICS_TOKEN").map(|text| BearerToken::new(&text));
        let directory = source
            .zip(target)
            .map(|(source, target)| Directory::of_one_lane(lane, source, target));
        for fault in directory.iter().flat_map(Directory::faults_in_itself) {
            faults.push(format!("LANE, SOURCE_ORIGIN and TARGET_ORIGIN: {fault}"));
        }
        let numbers = (hold_max_ms, held_max, in_flight_max, turn_max_ms, forward_max_ms);
        match (directory, origins, numbers) {
            (
                Some(directory),
                Some(origins),
                (
                    Some(hold_max_ms),
                    Some(held_max),
                    Some(in_flight_max),
                    Some(turn_max_ms),
                    Some(forward_max_ms),
                ),
            ) if faults.is_empty() => {
                Ok(Self {
                    own_routes: Rc::new(Routes::new(directory)),
                    origins,
                    hold_max: Millis(hold_max_ms).min(HARD_HOLD_MAX),
                    held_max,
                    in_flight_max,
                    turn_max: Millis(turn_max_ms),
                    forward_max: Millis(forward_max_ms),
                    // A fault is in the list, so this value is never used.
                    forwarded_host: forwarded_host.unwrap_or_default(),
                    keys,
                    metrics_token,
                })
            }
            _ => Err(BadConfig(faults.join("; "))),
        }
    }
}

/// The value; its fault is kept for the one message.
fn noted<T>(faults: &mut Vec<String>, outcome: Result<T, String>) -> Option<T> {
    outcome.map_err(|fault| faults.push(fault)).ok()
}

fn number(name: &str, text: Option<String>, default: u64) -> Result<u64, String> {
    match text.map(|text| text.trim().parse()) {
        None => Ok(default),
        Some(Ok(number)) if number > 0 => Ok(number),
        Some(_) => Err(format!("{name} must be a whole number above 0")),
    }
}

fn switch(name: &str, text: Option<&str>) -> Result<bool, String> {
    match text.map(str::trim) {
        None | Some("" | "off") => Ok(false),
        Some("on") => Ok(true),
        Some(_) => Err(format!("{name} must be \"on\" or \"off\"")),
    }
}

fn origin(name: &str, text: Option<String>) -> Result<Origin, String> {
    let text = text.ok_or_else(|| format!("{name} is not set"))?;
    Origin::try_from(text)
        .map_err(|_| format!("{name} must be an http or https origin without path, user or query"))
}

/// The list of origins; not set, no directory can be published.
fn origins(text: Option<String>) -> Result<Option<BTreeSet<Origin>>, String> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let listed = serde_json::from_str(&text);
    listed
        .map(Some)
        .map_err(|error| format!("ORIGINS must be a JSON list of origins: {error}"))
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

/// The isolate's configuration, once a request has loaded it.
pub fn loaded() -> Option<Rc<Config>> {
    LOADED.with_borrow(|loaded| loaded.as_ref()?.as_ref().ok().map(Rc::clone))
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
        let directory = config.own_routes.directory();
        assert_eq!(directory.default_lane, "main");
        assert_eq!(directory.lanes["main"].source.as_str(), "http://127.0.0.1:8001");
        assert_eq!(directory.lanes["main"].target.as_str(), "https://target.example");
        assert_eq!((config.hold_max, config.held_max), (Millis(10_000), 2_000));
        assert!(
            config.origins.is_none(),
            "without a list nothing can be published"
        );
        assert!(config.keys.is_err(), "without keys no call may change the lane");
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let error = parse(&[
            ("SOURCE_ORIGIN", "ftp://x"),
            ("ORIGINS", "{}"),
            ("HELD_MAX", "0"),
            ("FORWARD_MAX_MS", "1s"),
            ("FORWARDED_HOST", "yes"),
            ("IN_FLIGHT_MAX", "-1"),
            ("TURN_MAX_MS", "0"),
        ])
        .unwrap_err();
        for name in [
            "SOURCE_ORIGIN",
            "TARGET_ORIGIN",
            "ORIGINS",
            "HELD_MAX",
            "FORWARD_MAX_MS",
            "FORWARDED_HOST",
            "IN_FLIGHT_MAX",
            "TURN_MAX_MS",
        ] {
            assert!(error.to_string().contains(name), "{error}");
        }
        let lane = parse(&[ORIGINS[0], ORIGINS[1], ("LANE", "a/b")]).unwrap_err();
        assert!(lane.to_string().contains("LANE"), "{lane}");
    }

    #[test]
    fn one_origin_for_both_sides_is_refused() {
        let error = parse(&[ORIGINS[1], ("SOURCE_ORIGIN", "https://TARGET.example:443")]).unwrap_err();
        assert!(error.to_string().contains("one side of one lane"), "{error}");
    }

    #[test]
    fn listed_origins_are_those_that_a_directory_may_name() {
        let listed = (
            "ORIGINS",
            r#"["http://127.0.0.1:8001", "https://target.example/"]"#,
        );
        let origins = parse(&[ORIGINS[0], ORIGINS[1], listed]).unwrap().origins.unwrap();
        assert!(
            origins
                .iter()
                .map(Origin::as_str)
                .eq(["http://127.0.0.1:8001", "https://target.example"])
        );
        for text in ["x", "[1]", r#"["ftp://x"]"#] {
            assert!(
                parse(&[ORIGINS[0], ORIGINS[1], ("ORIGINS", text)]).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn no_configuration_holds_longer_than_the_hard_limit() {
        let vars = [ORIGINS[0], ORIGINS[1], ("HOLD_MAX_MS", "3600000")];
        assert_eq!(parse(&vars).unwrap().hold_max, Millis(20_000));
    }
}
