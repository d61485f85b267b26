//! What is wrong with a directory: all of it at once, with the place and the remedy.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{Directory, Lookup, Origin, Regions, normalised};
use crate::lane::Side;

/// Names of lanes appear in paths and object names.
const MAX_LANE_NAME: usize = 64;
/// Regions' codes, tenants, names of cookies: short texts.
const MAX_TEXT: usize = 256;
/// Each publication asks every lane whether a cutover is under way, and Cloudflare permits 1,000 such calls.
const MAX_LANES: usize = 500;
const MAX_RULES: usize = 10_000;

/// One reason why a directory is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fault {
    /// Where in the document, e.g. `rules[3].lane`.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl Directory {
    /// Every fault; none if the directory may be published. `allowed`: the only origins that the Worker may send requests
    /// to.
    pub fn faults(&self, allowed: &BTreeSet<Origin>) -> Vec<Fault> {
        let mut faults = Faults::default();
        for (name, lane) in &self.lanes {
            for side in [Side::Source, Side::Target] {
                let origin = lane.origin(side);
                if !allowed.contains(origin) {
                    faults.add(
                        format!("lanes.{name}.{side}"),
                        format!(
                            "{origin} is not in the Worker's list ORIGINS; add it there, or name a listed one"
                        ),
                    );
                }
            }
        }
        faults.0.extend(self.faults_in_itself());
        faults.0
    }

    /// The faults that show without knowing which origins the Worker may send requests to.
    pub fn faults_in_itself(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        self.check_lanes(&mut faults);
        self.check_origins(&mut faults);
        check_lookups("tenant", &self.tenant, &mut faults);
        if let Some(regions) = &self.region {
            check_regions(regions, &mut faults);
        }
        self.check_rules(&mut faults);
        faults.0
    }

    fn check_lanes(&self, faults: &mut Faults) {
        if self.lanes.len() > MAX_LANES {
            faults.add(
                "lanes",
                format!("{} lanes, at most {MAX_LANES} are possible", self.lanes.len()),
            );
        }
        for (name, lane) in &self.lanes {
            if !is_lane_name(name) {
                faults.add(
                    format!("lanes.{name:?}"),
                    format!("a lane's name must be 1 to {MAX_LANE_NAME} letters, digits, - or _"),
                );
            }
            let reads = format!("lanes.{name}.reads");
            check_lookups(&format!("{reads}.key"), &lane.reads.key, faults);
            for key in lane
                .reads
                .exceptions
                .source
                .intersection(&lane.reads.exceptions.target)
            {
                faults.add(
                    format!("{reads}.exceptions"),
                    format!("{key:?} is listed for both sides; remove it from one"),
                );
            }
        }
        if !self.lanes.contains_key(&self.default_lane) {
            faults.add("default_lane", self.no_lane(&self.default_lane));
        }
    }

    fn no_lane(&self, name: &str) -> String {
        let known: Vec<&str> = self.lanes.keys().map(String::as_str).collect();
        format!("there is no lane {name:?}; known: {}", known.join(", "))
    }

    fn check_origins(&self, faults: &mut Faults) {
        let own_hosts: BTreeSet<&str> = self
            .rules
            .iter()
            .filter_map(|rule| rule.host.as_deref())
            .collect();
        let mut used: BTreeMap<&Origin, String> = BTreeMap::new();
        for (name, lane) in &self.lanes {
            for side in [Side::Source, Side::Target] {
                let (origin, place) = (lane.origin(side), format!("lanes.{name}.{side}"));
                if own_hosts.contains(origin.host()) {
                    faults.add(
                        &place,
                        format!(
                            "the host of {origin} is served by this edge, so requests would go in a circle"
                        ),
                    );
                }
                match used.get(origin) {
                    None => drop(used.insert(origin, place)),
                    Some(other) => faults.add(
                        &place,
                        format!(
                            "{origin} is {other} too; an origin belongs to one side of one lane, else a cutover would \
                             split its writes between two databases"
                        ),
                    ),
                }
            }
        }
    }

    fn check_rules(&self, faults: &mut Faults) {
        if self.rules.len() > MAX_RULES {
            faults.add(
                "rules",
                format!("{} rules, at most {MAX_RULES} are possible", self.rules.len()),
            );
        }
        let mut seen = HashMap::new();
        for (number, rule) in self.rules.iter().enumerate() {
            let place = |field: &str| format!("rules[{number}]{field}");
            if !self.lanes.contains_key(&rule.lane) {
                faults.add(place(".lane"), self.no_lane(&rule.lane));
            }
            let conditions = (&rule.tenant, &rule.region, &rule.host, &rule.path);
            if conditions == (&None, &None, &None, &None) {
                faults.add(
                    place(""),
                    "a rule needs a condition; every other request belongs to default_lane",
                );
            }
            if let Some(first) = seen.insert(conditions, number) {
                faults.add(
                    place(""),
                    format!("the same conditions as rules[{first}]; a request can belong to one lane only"),
                );
            }
            if rule.tenant.is_some() && self.tenant.is_empty() {
                faults.add(
                    place(".tenant"),
                    "no place names the tenant; fill the list tenant",
                );
            }
            if let Some(region) = &rule.region {
                let known = self
                    .region
                    .as_ref()
                    .is_some_and(|regions| regions.codes.contains(region));
                if !known {
                    faults.add(place(".region"), format!("{region:?} is not in region.codes"));
                }
            }
            if let Some(host) = &rule.host
                && !is_host(host)
            {
                faults.add(
                    place(".host"),
                    format!("{host:?} must be a host name in lower case, without port"),
                );
            }
            if let Some(path) = &rule.path
                && !is_prefix(path)
            {
                faults.add(
                    place(".path"),
                    format!("{path:?} must begin with / and not end with it, without //, query or needless escapes"),
                );
            }
        }
    }
}

fn check_regions(regions: &Regions, faults: &mut Faults) {
    check_lookups("region.named_by", &regions.named_by, faults);
    let mut known = |place: String, code: &String| {
        if !regions.codes.contains(code) {
            faults.add(place, format!("{code:?} is not in region.codes"));
        }
    };
    known("region.default".to_owned(), &regions.default);
    for (name, country) in &regions.countries {
        known(format!("region.countries.{name}.code"), &country.code);
        for (part, code) in &country.parts {
            known(format!("region.countries.{name}.parts.{part}"), code);
        }
    }
    for name in regions.countries.keys() {
        if name.len() != 2 || !name.bytes().all(|b| b.is_ascii_uppercase()) {
            faults.add(
                format!("region.countries.{name}"),
                "a country is named by the two capital letters of ISO 3166-1",
            );
        }
    }
}

fn check_lookups(place: &str, lookups: &[Lookup], faults: &mut Faults) {
    for (number, lookup) in lookups.iter().enumerate() {
        let message = match lookup {
            // Such headers are removed from every request.
            Lookup::Header(name) if name.starts_with("x-crossover-") => {
                "headers x-crossover-* are the edge's own"
            }
            Lookup::Header(name) if !is_header(name) => {
                "a header's name must be in lower case, without spaces"
            }
            Lookup::Cookie(name) | Lookup::Query(name) if name.is_empty() || name.len() > MAX_TEXT => {
                "the name must have 1 to 256 bytes"
            }
            Lookup::PathSegment(0) => "segments of the path are counted from 1",
            _ => continue,
        };
        faults.add(format!("{place}[{number}]"), message);
    }
}

/// Whether a text can be the name of a lane.
pub(crate) fn is_lane_name(name: &str) -> bool {
    (1..=MAX_LANE_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_header(name: &str) -> bool {
    (1..=MAX_TEXT).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

fn is_host(host: &str) -> bool {
    (1..=253).contains(&host.len())
        && !host.starts_with(['.', '-'])
        && !host.ends_with('.')
        && host
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

fn is_prefix(path: &str) -> bool {
    path.starts_with('/') && !path.ends_with('/') && !path.contains(['?', '#']) && normalised(path) == path
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault {
            place: place.into(),
            message: message.into(),
        });
    }
}
