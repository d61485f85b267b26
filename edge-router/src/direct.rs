//! The direct path: a request that no cutover, no share of reads and no renewal asks anything of is forwarded as it is, and its
//! answer is returned as it is. That costs about as much as no router at all; a copy of a request or of an answer costs
//! 4 to 20 % more, and so does every step of asynchronous Rust.
//!
//! The decision is made here, synchronously ([`route`]); `direct.js` of the bundle forwards. Whatever is not direct goes through
//! [`crate::proxy`], which decides by the same rules.

use std::cell::RefCell;
use std::rc::Rc;

use crossover_routing::directory::RequestParts;
use crossover_routing::directory::signed_region::{self, BadSignedRegion};
use crossover_routing::{Epoch, LaneRecord, Millis, Origin, RequestFacts, Routes, Side};

use crate::clock::now;
use crate::known_lane::KnownLane;
use crate::request_parts::{self, CLIENT_ADDRESS};
use crate::{config, forward, known_directory, known_lane, target_reads};

/// Pseudo names of what the edge knows of the client's place.
const COUNTRY: &str = ":country";
const PART: &str = ":regionCode";

/// Why a request is not direct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDirect {
    /// It takes the longer way.
    Longer,
    /// The request was described by another list of names than the present one.
    OtherNames,
}

/// Where direct requests go: to a side of a lane, under an epoch. The entry knows a route by its number.
#[derive(Clone)]
pub struct Route {
    pub lane: Rc<KnownLane>,
    pub side: Side,
    pub epoch: Epoch,
    pub origin: Origin,
    /// For how long a write pins its client's reads to the writer.
    pub pin: Option<Millis>,
}

/// What the rules want to know of each request besides its URL.
#[derive(Default)]
struct Names {
    /// The directory that asks for them.
    of: Option<Rc<Routes>>,
    /// With those that name read keys.
    keys: bool,
    /// Changes with the list.
    version: u32,
    list: Vec<String>,
}

thread_local! {
    /// Routes never leave: there is a new one for each change of a lane only.
    static ROUTES: RefCell<Vec<Route>> = const { RefCell::new(Vec::new()) };
    static NAMES: RefCell<Names> = RefCell::default();
}

/// The route with this number.
pub fn by_number(number: u32) -> Option<Route> {
    ROUTES.with_borrow(|routes| routes.get(number as usize).cloned())
}

/// The version of the present list of names, and the list, a line each.
pub fn names() -> (u32, String) {
    NAMES.with_borrow(|names| (names.version, names.list.join("\n")))
}

/// Decides for a request that is a write, or a read that may be sent twice. `said` has the value of each name of the list with
/// this version: a line each, with `+` before a value and `-` for none.
pub fn route(is_write: bool, url: &str, version: u32, said: &str) -> Result<u32, NotDirect> {
    let config = config::loaded().ok_or(NotDirect::Longer)?;
    if config.forwarded_host {
        return Err(NotDirect::Longer);
    }
    let routes = known_directory::at_hand(&config).ok_or(NotDirect::Longer)?;
    NAMES.with_borrow_mut(|names| {
        names.follow(&routes, false);
        if names.version != version {
            return Err(NotDirect::OtherNames);
        }
        let parts = Said {
            url,
            names: &names.list,
            values: said,
        };
        // A signature is checked on the longer way.
        if routes.asks_signature() && parts.header(signed_region::HEADER).is_some() {
            return Err(NotDirect::Longer);
        }
        let (name, lane) = routes.lane_of(&parts).map_err(|_| NotDirect::Longer)?;
        let known = known_lane::of(name);
        // After a hold nobody passes those who were held.
        if known.turns.any_waits() {
            return Err(NotDirect::Longer);
        }
        let leased = known.current().ok_or(NotDirect::Longer)?;
        let mut facts = RequestFacts {
            is_write,
            repeatable: !is_write,
            renewal_failed: false,
            prefers_target: false,
            keyed: false,
            dice: 0,
        };
        if !is_write && leased.record.read_share(now()).is_some() {
            if !names.keys {
                names.follow(&routes, true);
                return Err(NotDirect::OtherNames);
            }
            facts.prefers_target = target_reads::belong(&leased.record, lane, &parts);
            if facts.prefers_target && !known.target_breaker.get().is_quiet() {
                return Err(NotDirect::Longer);
            }
        }
        let side = crossover_routing::direct(&leased, &facts, now()).ok_or(NotDirect::Longer)?;
        Ok(number(&known, side, &leased.record, lane.origin(side)))
    })
}

/// The number of a route; a new one if the lane or its origin has changed.
fn number(lane: &Rc<KnownLane>, side: Side, record: &LaneRecord, origin: &Origin) -> u32 {
    let place = match side {
        Side::Source => 0,
        Side::Target => 1,
    };
    ROUTES.with_borrow_mut(|routes| {
        let mut numbers = lane.direct_routes.get();
        let known = numbers[place].filter(|number| {
            let route = &routes[*number as usize];
            route.epoch == record.epoch && route.origin == *origin
        });
        known.unwrap_or_else(|| {
            let number = routes.len() as u32;
            routes.push(Route {
                lane: Rc::clone(lane),
                side,
                epoch: record.epoch,
                origin: origin.clone(),
                pin: target_reads::pin(record, true),
            });
            numbers[place] = Some(number);
            lane.direct_routes.set(numbers);
            number
        })
    })
}

impl Names {
    /// Makes the list that of these routes; with `keys`, from now on with the names of read keys.
    fn follow(&mut self, routes: &Rc<Routes>, keys: bool) {
        let same = self.of.as_ref().is_some_and(|of| Rc::ptr_eq(of, routes));
        if same && (self.keys || !keys) {
            return;
        }
        let mut list: Vec<String> = routes.headers(keys).into_iter().map(str::to_owned).collect();
        let mut ask = |name: &str| {
            if !list.iter().any(|asked| asked == name) {
                list.push(name.to_owned());
            }
        };
        if routes.asks_place() {
            ask(COUNTRY);
            ask(PART);
        }
        if keys {
            // The cookie of the pin, and the key of a client that names none.
            ask("cookie");
            ask(CLIENT_ADDRESS);
        }
        *self = Self {
            of: Some(Rc::clone(routes)),
            keys,
            version: self.version + 1,
            list,
        };
    }
}

/// A request as the entry describes it.
struct Said<'a> {
    url: &'a str,
    names: &'a [String],
    values: &'a str,
}

impl RequestParts for Said<'_> {
    fn host(&self) -> String {
        request_parts::host(self.url)
    }

    fn path(&self) -> &str {
        forward::path_of(self.url)
    }

    fn query(&self) -> &str {
        request_parts::query(self.url)
    }

    fn header(&self, name: &str) -> Option<String> {
        let mut pairs = self.names.iter().zip(self.values.split('\n'));
        let (_, said) = pairs.find(|(known, _)| *known == name)?;
        said.strip_prefix('+').map(str::to_owned)
    }

    fn place(&self) -> (Option<String>, Option<String>) {
        (self.header(COUNTRY), self.header(PART))
    }

    fn client(&self) -> Option<String> {
        self.header(CLIENT_ADDRESS)
    }

    /// A request with one is never direct.
    fn signed_region(&self) -> Option<Result<String, BadSignedRegion>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_entry_says_is_found_under_its_name() {
        let names = ["cookie", "x-tenant", COUNTRY].map(str::to_owned);
        let said = Said {
            url: "https://Shop.example/a/b?c=d#e",
            names: &names,
            values: "+a=b; c=d\n-\n+DE\n",
        };
        assert_eq!(said.header("cookie").as_deref(), Some("a=b; c=d"));
        assert_eq!((said.header("x-tenant"), said.header("other")), (None, None));
        assert_eq!(said.place(), (Some("DE".to_owned()), None));
        assert_eq!(
            (said.host().as_str(), said.path(), said.query()),
            ("shop.example", "/a/b", "c=d")
        );
    }
}
