//! The directory, indexed: finding a request's lane takes the same few look-ups however many rules there are.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
};

use super::{
    Directory, Lane, Rule, Unclear,
    lookup::{Lookup, RequestParts, one_of},
    path, signed_region,
};

/// Conditions of a rule besides its path.
type Conditions = (Option<String>, Option<String>, Option<String>);

/// A directory ready for routing.
#[derive(Debug)]
pub struct Routes {
    directory: Directory,
    /// The lane by path prefix, for each set of other conditions; the empty path stands for any.
    index: HashMap<Conditions, HashMap<String, String>>,
    /// Which of tenant, region and host some rule asks for together, in the order of precedence.
    shapes: Vec<[bool; 3]>,
    asks_path: bool,
    asks_region: bool,
}

impl Routes {
    /// Indexes a directory that has no [`super::Fault`].
    pub fn new(directory: Directory) -> Self {
        let mut index: HashMap<Conditions, HashMap<String, String>> = HashMap::new();
        let mut shapes = BTreeSet::new();
        for rule in &directory.rules {
            let conditions = (rule.tenant.clone(), rule.region.clone(), rule.host.clone());
            shapes.insert([rule.tenant.is_some(), rule.region.is_some(), rule.host.is_some()]);
            let path = rule.path.clone().unwrap_or_default();
            index
                .entry(conditions)
                .or_default()
                .insert(path, rule.lane.clone());
        }
        Self {
            index,
            asks_path: directory.rules.iter().any(|rule| rule.path.is_some()),
            asks_region: shapes.iter().any(|[_, region, _]| *region),
            // A tenant wins over a region, a region over a host: the order of arrays of truth values, reversed.
            shapes: shapes.into_iter().rev().collect(),
            directory,
        }
    }

    /// The directory as published.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The headers by which the lane of a request is found; with `keys`, also those that name read keys. Each one once.
    pub fn headers(&self, keys: bool) -> Vec<&str> {
        let directory = &self.directory;
        let tenant = directory.tenant.iter().filter(|_| !self.shapes.is_empty());
        let region = directory.region.iter().filter(|_| self.asks_region);
        let lanes = directory.lanes.values().filter(|_| keys);
        let signed = self.asks_signature().then_some(signed_region::HEADER);
        let places = tenant
            .chain(region.flat_map(|region| &region.named_by))
            .chain(lanes.flat_map(|lane| &lane.reads.key));
        let mut headers = Vec::new();
        for header in places.filter_map(Lookup::header).chain(signed) {
            if !headers.contains(&header) {
                headers.push(header);
            }
        }
        headers
    }

    /// Whether the lane of a request may depend on its client's country.
    pub const fn asks_place(&self) -> bool {
        self.asks_region
    }

    /// Whether a region that the operator has signed may decide about the lane of a request.
    pub fn asks_signature(&self) -> bool {
        self.asks_region
            && self
                .directory
                .region
                .as_ref()
                .is_some_and(|regions| regions.signed)
    }

    /// The lane of a request, with its name.
    pub fn lane_of(&self, request: &impl RequestParts) -> Result<(&str, &Lane), Unclear> {
        let name = if self.shapes.is_empty() {
            &self.directory.default_lane
        } else {
            self.matched(request)?.unwrap_or(&self.directory.default_lane)
        };
        // Without a fault every name in the directory is that of a lane.
        let (name, lane) = self
            .directory
            .lanes
            .get_key_value(name)
            .unwrap_or_else(|| unreachable!("lane {name} is in no directory without faults"));
        Ok((name, lane))
    }

    fn matched(&self, request: &impl RequestParts) -> Result<Option<&String>, Unclear> {
        let tenant = one_of(&self.directory.tenant, request, "tenant", |_, _| true)?;
        let region = if self.asks_region {
            self.region_of(request)?
        } else {
            None
        };
        let host = Some(request.host());
        let path = if self.asks_path {
            path::normalised(request.path())
        } else {
            String::new()
        };
        let found = self.shapes.iter().find_map(|[by_tenant, by_region, by_host]| {
            let chosen = |asked: bool, value: &Option<String>| {
                if asked {
                    value.clone().map(Some)
                } else {
                    Some(None)
                }
            };
            let conditions = (
                chosen(*by_tenant, &tenant)?,
                chosen(*by_region, &region)?,
                chosen(*by_host, &host)?,
            );
            let paths = self.index.get(&conditions)?;
            path::prefixes(&path)
                .chain([""])
                .find_map(|prefix| paths.get(prefix))
        });
        Ok(found)
    }

    /// The region's code; none in a directory without regions.
    fn region_of(&self, request: &impl RequestParts) -> Result<Option<String>, Unclear> {
        let Some(regions) = &self.directory.region else {
            return Ok(None);
        };
        let signed = regions
            .signed
            .then(|| request.signed_region())
            .flatten()
            .transpose()?;
        let by_request = || {
            one_of(&regions.named_by, request, "region", |place, value| {
                !matches!(place, Lookup::PathSegment(_)) || regions.codes.contains(value)
            })
        };
        let named = match signed {
            Some(code) => Some(code),
            None => by_request()?,
        };
        if let Some(named) = named {
            return if regions.codes.contains(&named) {
                Ok(Some(named))
            } else {
                let known = regions.codes.iter().cloned().collect();
                Err(Unclear::UnknownRegion { known })
            };
        }
        let (country, part) = request.place();
        let by_place = country
            .and_then(|country| regions.countries.get(&country))
            .map(|country| {
                let part = part.and_then(|part| country.parts.get(&part));
                part.unwrap_or(&country.code)
            });
        Ok(Some(by_place.unwrap_or(&regions.default).clone()))
    }
}

impl Directory {
    /// The rules in the order in which they win: of two that match a request, the first one counts.
    pub fn by_precedence(&self) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> = self.rules.iter().collect();
        rules.sort_by_key(|rule| {
            let path = rule.path.as_ref().map_or(0, String::len);
            let wins = (
                rule.tenant.is_some(),
                rule.region.is_some(),
                rule.host.is_some(),
                path,
            );
            (Reverse(wins), *rule)
        });
        rules
    }
}

/// Lanes whose origins or requests differ between two directories. Read rules change no write, so they do not count.
pub fn lanes_that_change(before: &Directory, after: &Directory) -> BTreeSet<String> {
    let mut changed: BTreeSet<String> = before.lanes.keys().chain(after.lanes.keys()).cloned().collect();
    let rules = |directory: &Directory| directory.rules.iter().cloned().collect::<BTreeSet<Rule>>();
    let same_requests = before.tenant == after.tenant
        && before.region == after.region
        && before.default_lane == after.default_lane
        && rules(before) == rules(after);
    if same_requests {
        let origins = |directory: &Directory, name: &String| {
            let lane = directory.lanes.get(name)?;
            Some((lane.source.clone(), lane.target.clone()))
        };
        changed.retain(|name| origins(before, name) != origins(after, name));
    }
    // What leaves a rule falls to a less specific one, and what a rule takes comes from one: any lane may be it.
    changed
}
