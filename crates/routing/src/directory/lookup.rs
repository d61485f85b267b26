//! Where a request names its tenant, its region or its read key.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::signed_region::BadSignedRegion;

/// What the rules may read of a request.
pub trait RequestParts {
    /// Host name without port, in lower case.
    fn host(&self) -> String;
    /// The path as the client wrote it, without query.
    fn path(&self) -> &str;
    /// The query without `?`; empty if there is none.
    fn query(&self) -> &str;
    /// A header's value; several headers of one name are joined with commas.
    fn header(&self, name: &str) -> Option<String>;
    /// The client's country and part of it, as far as the edge knows them.
    fn place(&self) -> (Option<String>, Option<String>);
    /// The client's address, as the edge saw it.
    fn client(&self) -> Option<String>;
    /// The region that the operator has signed for this request; asked only where the directory allows it.
    fn signed_region(&self) -> Option<Result<String, BadSignedRegion>>;
}

/// A place in a request that names something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// A header, by its name in lower case.
    Header(String),
    /// A cookie, by its name.
    Cookie(String),
    /// A parameter of the query, by its name.
    Query(String),
    /// A segment of the path, counted from 1.
    PathSegment(u8),
}

/// Why a request belongs to no lane. Guessing could send a write to the wrong database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    #[error("the request names more than one {what}; name one")]
    Several { what: &'static str },
    #[error("the request names a region that does not exist; known: {}", known.join(", "))]
    UnknownRegion { known: Vec<String> },
    #[error(transparent)]
    BadSignedRegion(#[from] BadSignedRegion),
}

impl Unclear {
    /// The stable name of the error in 400 answers.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Several { .. } => "unclear_lane",
            Self::UnknownRegion { .. } => "unknown_region",
            Self::BadSignedRegion(_) => "bad_signed_region",
        }
    }
}

impl Lookup {
    /// Every value that this place names.
    pub fn values(&self, request: &impl RequestParts) -> Vec<String> {
        match self {
            Self::Header(name) => request.header(name).map_or_else(Vec::new, |value| {
                // A header that is sent twice arrives joined: both count.
                let parts = value.split(',').map(|part| part.trim().to_owned());
                parts.filter(|part| !part.is_empty()).collect()
            }),
            Self::Cookie(name) => {
                let cookies = request.header("cookie").unwrap_or_default();
                let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
                let own = pairs.filter(|(key, _)| key == name);
                own.map(|(_, value)| value.trim_matches('"').to_owned()).collect()
            }
            Self::Query(name) => {
                let pairs = request
                    .query()
                    .split('&')
                    .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
                let own = pairs.filter(|(key, _)| decoded(key) == *name);
                own.map(|(_, value)| decoded(value)).collect()
            }
            Self::PathSegment(number) => {
                let path = super::path::normalised(request.path());
                let segment = path
                    .split('/')
                    .nth(usize::from(*number))
                    .filter(|segment| !segment.is_empty());
                segment.map(decoded).into_iter().collect()
            }
        }
    }

    /// The header that has to be known to read this place.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header(name) => Some(name),
            Self::Cookie(_) => Some("cookie"),
            Self::Query(_) | Self::PathSegment(_) => None,
        }
    }

    /// The first value that this place names.
    pub fn first(&self, request: &impl RequestParts) -> Option<String> {
        self.values(request).into_iter().next()
    }
}

/// The one value that all places name together; `known` keeps only values that exist, where a place may hold others.
pub fn one_of(
    places: &[Lookup],
    request: &impl RequestParts,
    what: &'static str,
    keep: impl Fn(&Lookup, &String) -> bool,
) -> Result<Option<String>, Unclear> {
    let named: BTreeSet<String> = places
        .iter()
        .flat_map(|place| {
            let values = place.values(request).into_iter();
            values.filter(|value| keep(place, value)).collect::<Vec<_>>()
        })
        .collect();
    if named.len() > 1 {
        return Err(Unclear::Several { what });
    }
    Ok(named.into_iter().next())
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}
