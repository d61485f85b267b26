//! The directory: which lane a request belongs to, and the origins of each lane.
//!
//! One document, published as a whole. It decides which database a write reaches, so nothing in it may be stale or
//! ambiguous: rules have a fixed order of precedence, each origin belongs to one side of one lane, and a request that
//! names two tenants or an unknown region is refused instead of guessed.

mod faults;
mod lookup;
mod origin;
mod path;
mod publication;
mod reads;
mod routes;
pub mod signed_region;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use faults::Fault;
pub use lookup::{Lookup, RequestParts, Unclear};
pub use origin::Origin;
pub use path::normalised;
pub use publication::{Publication, Spreading};
pub use reads::{Exceptions, ReadRules};
pub use routes::{Routes, lanes_that_change};

use crate::lane::Side;

/// Every lane, and the rules that send requests to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// The lanes by name.
    pub lanes: BTreeMap<String, Lane>,
    /// The lane of every request that no rule matches.
    pub default_lane: String,
    /// Where a request names its tenant. Places that name different tenants make the request unclear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenant: Vec<Lookup>,
    /// How a request gets its region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Regions>,
    /// Which requests belong to which lane. A rule with a tenant wins over one without; then one with a region, then
    /// one with a host, then the longer path. The order in the document means nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// One lane: a pair of sides that are moved together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// Origin of the API in front of the database moved from: scheme, host and port.
    pub source: Origin,
    /// Origin of the API in front of the database moved to.
    pub target: Origin,
    /// Which reads may go to the target before the cutover.
    #[serde(default)]
    pub reads: ReadRules,
}

impl Lane {
    /// Scheme, host and port of a side, without a trailing slash.
    pub const fn origin(&self, side: Side) -> &Origin {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }
}

/// The requests that meet every condition given belong to the lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The lane's name.
    pub lane: String,
    /// The tenant, as the request names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// A region's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Host name without port, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Path prefix of whole segments: `/api` matches `/api` and `/api/orders`, not `/apiary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// How a request gets its region: named by the request, else by the country of its client, else the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Regions {
    /// Every region's code.
    pub codes: BTreeSet<String>,
    /// Where a request names its region. A header, cookie or query that names an unknown one makes the request unclear; a path
    /// segment that is no code names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named_by: Vec<Lookup>,
    /// Whether the header `x-crossover-region` decides, if the operator has signed it (`crossover edge sign-region`). Not signed, it
    /// makes the request unclear.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
    /// Region by the client's country (two capital letters), for requests that name none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub countries: BTreeMap<String, Country>,
    /// The code of requests that have no other.
    pub default: String,
}

/// The regions of one country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// The code of the country's clients.
    pub code: String,
    /// Other codes by part of the country, as Cloudflare's `regionCode` names it (ISO 3166-2 without the country).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, String>,
}

impl Directory {
    /// A directory of one lane, to which every request belongs.
    pub fn of_one_lane(name: impl Into<String>, source: Origin, target: Origin) -> Self {
        let default_lane = name.into();
        let lane = Lane {
            source,
            target,
            reads: ReadRules::default(),
        };
        Self {
            lanes: BTreeMap::from([(default_lane.clone(), lane)]),
            default_lane,
            tenant: Vec::new(),
            region: None,
            rules: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
