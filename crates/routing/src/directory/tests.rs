use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    lane::{Epoch, SERVE_LEASE},
    time::{Millis, UnixMillis},
};

/// A request as a client sends it.
#[derive(Debug, Clone, Default)]
struct Sent {
    host: &'static str,
    path: String,
    query: String,
    headers: BTreeMap<&'static str, String>,
    place: (Option<&'static str>, Option<&'static str>),
    signed: Option<Result<String, signed_region::BadSignedRegion>>,
}

impl RequestParts for Sent {
    fn host(&self) -> String {
        self.host.to_owned()
    }
    fn path(&self) -> &str {
        &self.path
    }
    fn query(&self) -> &str {
        &self.query
    }
    fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).cloned()
    }
    fn place(&self) -> (Option<String>, Option<String>) {
        (self.place.0.map(str::to_owned), self.place.1.map(str::to_owned))
    }
    fn client(&self) -> Option<String> {
        Some("192.0.2.1".to_owned())
    }
    fn signed_region(&self) -> Option<Result<String, signed_region::BadSignedRegion>> {
        self.signed.clone()
    }
}

fn get(path: &str) -> Sent {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Sent {
        host: "shop.example",
        path: path.to_owned(),
        query: query.to_owned(),
        ..Sent::default()
    }
}

fn with(path: &str, header: &'static str, value: &str) -> Sent {
    Sent {
        headers: [(header, value.to_owned())].into(),
        ..get(path)
    }
}

fn lanes(names: &[&str]) -> serde_json::Value {
    let lanes = names.iter().map(|name| {
        let origin = |side| format!("https://{side}.{name}.internal");
        (
            (*name).to_owned(),
            json!({"source": origin("source"), "target": origin("target")}),
        )
    });
    lanes.collect::<serde_json::Map<_, _>>().into()
}

/// The regions of a country in three parts, two tenants with lanes of their own, an API and a host.
fn example() -> serde_json::Value {
    json!({
        "lanes": lanes(&["main", "n01", "c01", "acme", "api", "shop"]),
        "default_lane": "main",
        "tenant": [{"header": "x-tenant"}, {"cookie": "tenant"}],
        "region": {
            "codes": ["N01", "C01", "S01"],
            "named_by": [{"header": "x-region"}, {"query": "region"}, {"path_segment": 1}],
            "countries": {"VN": {"code": "S01", "parts": {"HN": "N01", "DN": "C01"}}},
            "default": "S01",
        },
        "rules": [
            {"lane": "shop", "host": "shop.example", "path": "/cart"},
            {"lane": "api", "path": "/api"},
            {"lane": "main", "path": "/api/health"},
            {"lane": "n01", "region": "N01"},
            {"lane": "c01", "region": "C01"},
            {"lane": "acme", "tenant": "acme"},
        ],
    })
}

fn directory(document: serde_json::Value) -> Directory {
    serde_json::from_value(document).unwrap()
}

fn allowed(directory: &Directory) -> BTreeSet<Origin> {
    let lanes = directory.lanes.values();
    lanes
        .flat_map(|lane| [lane.source.clone(), lane.target.clone()])
        .collect()
}

fn lane(request: &Sent) -> Result<String, Unclear> {
    let directory = directory(example());
    assert_eq!(directory.faults(&allowed(&directory)), []);
    Routes::new(directory)
        .lane_of(request)
        .map(|(name, _)| name.to_owned())
}

#[test]
fn a_request_belongs_to_the_lane_of_its_most_specific_rule() {
    for (request, expected) in [
        (get("/"), "main"),
        (get("/cart/1"), "shop"),
        (get("/cartoon"), "main"),
        (get("/api"), "api"),
        (get("/%61pi//orders"), "api"),
        (get("/apiary"), "main"),
        (get("/api/health/db"), "main"),
        (get("/N01/orders"), "n01"),
        (get("/orders?x=1&region=C01"), "c01"),
        (with("/orders", "x-region", "N01"), "n01"),
        (with("/N01/api", "x-tenant", "acme"), "acme"),
        (with("/api", "cookie", "a=b; tenant=\"acme\""), "acme"),
        (with("/api", "x-tenant", "globex"), "api"),
    ] {
        assert_eq!(lane(&request).as_deref(), Ok(expected), "{request:?}");
    }
    let elsewhere = Sent {
        host: "other.example",
        ..get("/cart")
    };
    assert_eq!(lane(&elsewhere).as_deref(), Ok("main"));
}

#[test]
fn a_client_that_names_no_region_gets_that_of_its_place() {
    let from = |country, part| Sent {
        place: (country, part),
        ..get("/orders")
    };
    for (request, expected) in [
        (from(Some("VN"), Some("HN")), "n01"),
        (from(Some("VN"), Some("DN")), "c01"),
        (from(Some("VN"), Some("SG")), "main"),
        (from(Some("VN"), None), "main"),
        (from(Some("FR"), Some("HN")), "main"),
        (from(None, None), "main"),
    ] {
        assert_eq!(lane(&request).as_deref(), Ok(expected), "{request:?}");
    }
    let named = Sent {
        headers: [("x-region", "C01".to_owned())].into(),
        ..from(Some("VN"), Some("HN"))
    };
    assert_eq!(lane(&named).as_deref(), Ok("c01"), "what the request names wins");
}

#[test]
fn a_signed_region_decides_where_the_directory_allows_it() {
    use signed_region::{BadSignedRegion, HEADER};
    let mut document = example();
    let named = with("/N01/orders", "x-region", "N01");
    let signed = |code: Result<&str, BadSignedRegion>| Sent {
        signed: Some(code.map(str::to_owned)),
        ..named.clone()
    };
    let not_allowed = Routes::new(directory(document.clone()));
    assert!(!not_allowed.headers(true).contains(&HEADER));
    let (name, _) = not_allowed.lane_of(&signed(Ok("C01"))).unwrap();
    assert_eq!(name, "n01", "nobody reads the header");

    document["region"]["signed"] = true.into();
    let routes = Routes::new(directory(document.clone()));
    assert!(routes.asks_signature() && routes.headers(false).contains(&HEADER));
    let lane = |request: &Sent| routes.lane_of(request).map(|(name, _)| name.to_owned());
    assert_eq!(lane(&named).as_deref(), Ok("n01"));
    assert_eq!(lane(&signed(Ok("C01"))).as_deref(), Ok("c01"));
    assert_eq!(lane(&signed(Ok("X99"))).unwrap_err().name(), "unknown_region");
    let refused = lane(&signed(Err(BadSignedRegion::NotSigned))).unwrap_err();
    assert_eq!(refused.name(), "bad_signed_region");

    document["rules"] = json!([{"lane": "api", "path": "/api"}]);
    let no_rule = Routes::new(directory(document));
    assert!(
        !no_rule.asks_signature(),
        "without a rule by region no region decides"
    );
}

#[test]
fn a_request_that_names_two_things_or_an_unknown_region_is_refused() {
    let two = |what| Err(Unclear::Several { what });
    assert_eq!(lane(&with("/", "x-tenant", "acme, globex")), two("tenant"));
    let mut disagreeing = with("/", "x-tenant", "acme");
    disagreeing.headers.insert("cookie", "tenant=globex".to_owned());
    assert_eq!(lane(&disagreeing), two("tenant"));
    assert_eq!(lane(&get("/?region=N01&region=C01")), two("region"));
    assert_eq!(lane(&get("/N01?region=C01")), two("region"));
    let unknown = lane(&with("/", "x-region", "X99")).unwrap_err();
    assert_eq!(unknown.name(), "unknown_region");
    assert!(unknown.to_string().contains("C01, N01, S01"), "{unknown}");
    // The same thing named twice is no question.
    assert_eq!(lane(&get("/N01?region=N01&region=%4E01")).as_deref(), Ok("n01"));
}

/// The example with one change, and the places of its faults.
fn places(change: impl FnOnce(&mut serde_json::Value)) -> Vec<String> {
    let whole = allowed(&directory(example()));
    let mut document = example();
    change(&mut document);
    let faults = directory(document).faults(&whole);
    faults.into_iter().map(|fault| fault.place).collect()
}

#[test]
fn each_fault_is_named_with_its_place() {
    let set = |pointer: &'static str, value: serde_json::Value| {
        places(|document| *document.pointer_mut(pointer).unwrap() = value)
    };
    let unlisted = json!("https://elsewhere.example");
    assert_eq!(set("/lanes/api/target", unlisted), ["lanes.api.target"]);
    // One origin for two lanes, and for two sides of one lane: writes of one database would be split.
    assert_eq!(
        set("/lanes/api/source", json!("https://source.acme.internal")),
        ["lanes.api.source"]
    );
    assert_eq!(
        set("/lanes/api/target", json!("https://SOURCE.api.internal:443")),
        ["lanes.api.target"]
    );
    assert_eq!(
        set("/rules/0/host", json!("source.main.internal")),
        ["lanes.main.source"],
        "a circle"
    );
    assert_eq!(set("/default_lane", json!("gone")), ["default_lane"]);
    assert_eq!(set("/rules/5/lane", json!("gone")), ["rules[5].lane"]);
    assert_eq!(set("/rules/2", json!({"lane": "api"})), ["rules[2]"]);
    assert_eq!(
        set("/rules/2/path", json!("/api")),
        ["rules[2]"],
        "the same conditions twice"
    );
    assert_eq!(set("/rules/3/region", json!("X99")), ["rules[3].region"]);
    assert_eq!(set("/tenant", json!([])), ["rules[5].tenant"]);
    assert_eq!(set("/region/default", json!("X99")), ["region.default"]);
    assert_eq!(
        set("/region/countries/VN/code", json!("X99")),
        ["region.countries.VN.code"]
    );
    assert_eq!(
        set("/region/countries/VN/parts/DN", json!("X99")),
        ["region.countries.VN.parts.DN"]
    );
    assert_eq!(
        set("/region/countries", json!({"vn": {"code": "S01"}})),
        ["region.countries.vn"]
    );
    assert_eq!(
        set("/region/named_by/2", json!({"path_segment": 0})),
        ["region.named_by[2]"]
    );
    for name in ["x-crossover-tenant", "X-Tenant", ""] {
        assert_eq!(set("/tenant/0", json!({"header": name})), ["tenant[0]"], "{name}");
    }
    for path in ["api", "/api/", "/", "//api", "/%61pi", "/api?x", ""] {
        assert_eq!(set("/rules/1/path", json!(path)), ["rules[1].path"], "{path}");
    }
    for host in ["Shop.example", "shop.example:443", "shop.example.", ""] {
        assert_eq!(set("/rules/0/host", json!(host)), ["rules[0].host"], "{host}");
    }
    let both = json!({"exceptions": {"source": ["a", "b"], "target": ["b"]}});
    assert_eq!(
        places(|document| document["lanes"]["api"]["reads"] = both),
        ["lanes.api.reads.exceptions"]
    );
    assert_eq!(
        places(|document| {
            let lane = document["lanes"]["acme"].take();
            document["lanes"].as_object_mut().unwrap().remove("acme");
            document["lanes"]["a/b"] = lane;
        }),
        [r#"lanes."a/b""#, "rules[5].lane"],
        "all faults at once"
    );
}

#[test]
fn unknown_members_are_refused_instead_of_passed_over() {
    let mut document = example();
    document["rules"][0]["tennant"] = json!("acme");
    let error = serde_json::from_value::<Directory>(document).unwrap_err();
    assert!(error.to_string().contains("tennant"), "{error}");
}

fn reads() -> ReadRules {
    serde_json::from_value(json!({"key": [{"header": "x-tenant"}], "exceptions": {"target": ["a"]}})).unwrap()
}

#[test]
fn only_lanes_whose_requests_or_origins_differ_change() {
    let before = directory(example());
    let changed = |change: fn(&mut Directory)| {
        let mut after = before.clone();
        change(&mut after);
        lanes_that_change(&before, &after).into_iter().collect::<Vec<_>>()
    };
    assert!(
        changed(|after| after.rules.reverse()).is_empty(),
        "the order means nothing"
    );
    assert!(changed(|after| after.lanes.get_mut("api").unwrap().reads = reads()).is_empty());
    assert_eq!(
        changed(|after| after.lanes.get_mut("api").unwrap().source =
            Origin::try_from("http://x".to_owned()).unwrap()),
        ["api"]
    );
    assert_eq!(changed(|after| after.default_lane = "api".to_owned()).len(), 6);
    assert_eq!(changed(|after| drop(after.rules.pop())).len(), 6);
    assert_eq!(changed(|after| after.tenant.clear()).len(), 6);
}

/// What an isolate knows: the answer to its last question, valid for one lease.
fn routes_by(known: &Spreading, asked: UnixMillis, now: UnixMillis) -> Option<Epoch> {
    (now < asked + SERVE_LEASE).then(|| known.clone().at(now).current.version)
}

proptest! {
    /// Two isolates that route at the same time do so by the same version, whenever each has asked.
    #[test]
    fn no_two_isolates_route_by_different_versions(
        published in 0_u64..20_000, first in 0_u64..30_000, second in 0_u64..30_000, later in 0_u64..6_000,
    ) {
        let directory = directory(example());
        let at = UnixMillis;
        let version = |number, from_ms| Publication { version: Epoch(number), from_ms, directory: directory.clone() };
        let next = version(2, Spreading::from_of(at(published)));
        let answered = |asked: u64| {
            let next = (asked >= published).then(|| next.clone());
            Spreading { current: version(1, at(0)), next }.at(at(asked))
        };
        let now = at(first.max(second)) + Millis(later);
        let (one, other) = (
            routes_by(&answered(first), at(first), now),
            routes_by(&answered(second), at(second), now),
        );
        if let (Some(one), Some(other)) = (one, other) {
            prop_assert_eq!(one, other);
        }
    }

    /// A version that is withdrawn as long as that is possible is never routed by.
    #[test]
    fn a_withdrawn_version_is_never_routed_by(
        published in 0_u64..20_000, withdrawn in 0_u64..12_000, asked in 0_u64..40_000, later in 0_u64..6_000,
    ) {
        let directory = directory(example());
        let at = UnixMillis;
        let version = |number, from_ms| Publication { version: Epoch(number), from_ms, directory: directory.clone() };
        let spreading = Spreading {
            current: version(1, at(0)),
            next: Some(version(2, Spreading::from_of(at(published)))),
        };
        let withdrawn = at(published + withdrawn);
        prop_assume!(spreading.may_withdraw(withdrawn));
        let asked = at(asked);
        let seen = asked >= at(published) && asked < withdrawn;
        let known = Spreading { next: spreading.next.filter(|_| seen), ..spreading };
        prop_assert_ne!(routes_by(&known, asked, asked + Millis(later)), Some(Epoch(2)));
    }

    /// The index gives the lane that a reader of the rules would give, one rule after the other.
    #[test]
    fn the_index_decides_like_the_rules_read_one_by_one(
        rules in prop::collection::vec(any_rule(), 0..12),
        tenant in prop::option::of("[ab]"), region in prop::option::of("[NS]01"), path in "(/[ab]){0,3}",
    ) {
        let mut document = example();
        document["tenant"] = json!([{"header": "x-tenant"}]);
        document["region"]["named_by"] = json!([{"header": "x-region"}]);
        let mut directory = directory(document);
        let mut seen = BTreeSet::new();
        directory.rules = rules;
        directory.rules.retain(|rule| {
            seen.insert((rule.tenant.clone(), rule.region.clone(), rule.host.clone(), rule.path.clone()))
        });
        prop_assert_eq!(directory.faults(&allowed(&directory)), vec![]);
        let mut request = get(&path);
        request.headers.extend(tenant.clone().map(|tenant| ("x-tenant", tenant)));
        request.headers.extend(region.clone().map(|region| ("x-region", region)));
        let region = region.unwrap_or_else(|| "S01".to_owned());
        let meets = |rule: &&Rule| {
            rule.tenant.as_ref().is_none_or(|asked| Some(asked) == tenant.as_ref())
                && rule.region.as_ref().is_none_or(|asked| *asked == region)
                && rule.host.as_ref().is_none_or(|asked| asked == "shop.example")
                && rule.path.as_ref().is_none_or(|asked| path == *asked || path.starts_with(&format!("{asked}/")))
        };
        let expected = directory.by_precedence().into_iter().find(meets);
        let expected = expected.map_or("main", |rule| &rule.lane).to_owned();
        let routes = Routes::new(directory);
        prop_assert_eq!(routes.lane_of(&request).unwrap().0, expected);
    }

    /// Whoever describes a request by the headers that the rules ask for gets the same lane and the same read key.
    #[test]
    fn the_headers_asked_for_are_enough(
        rules in prop::collection::vec(any_rule(), 0..6), by in prop::collection::vec(any_lookup(), 1..3), keys in prop::collection::vec(any_lookup(), 0..3),
        values in prop::collection::vec(prop::option::of("[abNS]|[NS]01|k=[ab]"), 3), country in prop::option::of(Just("VN")),
    ) {
        let mut directory = directory(example());
        directory.rules = rules;
        directory.tenant.clone_from(&by);
        if let Some(region) = &mut directory.region {
            region.named_by = by;
        }
        for lane in directory.lanes.values_mut() {
            lane.reads.key.clone_from(&keys);
        }
        let routes = Routes::new(directory);
        let mut full = get("/a");
        full.headers = HEADERS.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?))).collect();
        full.place.0 = country;
        let mut described = full.clone();
        let asked = routes.headers(true);
        described.headers.retain(|name, _| asked.contains(name));
        if !routes.asks_place() {
            described.place = (None, None);
        }
        let found = |request: &Sent| routes.lane_of(request).map(|(name, lane)| (name.to_owned(), lane.reads.key_of(request)));
        prop_assert_eq!(found(&full), found(&described));
        described.headers.retain(|name, _| routes.headers(false).contains(name));
        let lane = |request: &Sent| routes.lane_of(request).map(|(name, _)| name.to_owned());
        prop_assert_eq!(lane(&full), lane(&described));
    }

    /// No text makes the parser fail in another way than by an error.
    #[test]
    fn any_document_is_read_or_refused(text in "[\\[\\]{}:,\"a-z0-9/ ]{0,200}") {
        let _ = serde_json::from_str::<Directory>(&text);
    }

    /// A request of any form gets a lane or a refusal.
    #[test]
    fn any_request_gets_an_answer(path in ".{0,40}", query in ".{0,40}", header in ".{0,40}", cookie in ".{0,40}") {
        let mut request = get("");
        (request.path, request.query) = (path, query);
        request.headers.extend([("x-tenant", header), ("cookie", cookie)]);
        let _ = lane(&request);
    }
}

const HEADERS: [&str; 3] = ["x-tenant", "x-region", "cookie"];

fn any_lookup() -> impl Strategy<Value = Lookup> {
    prop_oneof![
        prop::sample::select(HEADERS.to_vec()).prop_map(|name| Lookup::Header(name.to_owned())),
        Just(Lookup::Cookie("k".to_owned())),
    ]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let lane = prop::sample::select(vec!["main", "n01", "c01", "acme", "api", "shop"]);
    let host = prop::option::of(prop::sample::select(vec!["shop.example", "other.example"]));
    let conditions = (
        prop::option::of("[ab]"),
        prop::option::of("[NS]01"),
        host,
        prop::option::of("(/[ab]){1,3}"),
    );
    (lane, conditions)
        .prop_map(|(lane, (tenant, region, host, path))| Rule {
            lane: lane.to_owned(),
            tenant,
            region,
            host: host.map(str::to_owned),
            path,
        })
        .prop_filter("a rule has a condition", |rule| {
            rule.tenant.is_some() || rule.region.is_some() || rule.host.is_some() || rule.path.is_some()
        })
}
