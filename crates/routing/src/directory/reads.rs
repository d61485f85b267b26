//! Which reads the target may answer while the source is the writer: the keys and their exceptions. How many of them stands
//! in the lane's record.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Lookup, RequestParts};
use crate::share::ReadShare;

/// Which reads of a lane may go to the target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ReadRules {
    /// Where a request names the key that decides about its side; the first place that names one counts. Without a key
    /// the client's address is the key.
    pub key: Vec<Lookup>,
    /// Keys that read from one side whatever the share is.
    pub exceptions: Exceptions,
    /// Members of JSON that are not compared where a read is also sent to the target (`crossover edge set-shadow`): times of the
    /// answer, its number, and the like.
    pub shadow_ignores: BTreeSet<String>,
}

/// Keys that read from one side whatever the share is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Exceptions {
    /// Keys that read from the source.
    pub source: BTreeSet<String>,
    /// Keys that read from the target.
    pub target: BTreeSet<String>,
}

impl ReadRules {
    /// Whether the reads of `key` belong to the target at this share.
    pub fn prefer_target(&self, lane: &str, share: ReadShare, key: &str) -> bool {
        if self.exceptions.source.contains(key) {
            false
        } else {
            self.exceptions.target.contains(key) || share.contains(lane, key)
        }
    }

    /// The key of a request; none if the request names none and its client has no address.
    pub fn key_of(&self, request: &impl RequestParts) -> Option<String> {
        let named = self.key.iter().find_map(|place| place.first(request));
        named.or_else(|| request.client())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(percent: f64) -> ReadShare {
        percent.try_into().unwrap()
    }

    #[test]
    fn exceptions_win_over_the_share() {
        let rules = ReadRules {
            exceptions: Exceptions {
                source: ["old".to_owned()].into(),
                target: ["pilot".to_owned()].into(),
            },
            ..ReadRules::default()
        };
        assert!(rules.prefer_target("main", share(0.0), "pilot"));
        assert!(!rules.prefer_target("main", share(100.0), "old"));
        assert!(rules.prefer_target("main", share(100.0), "any"));
        assert!(!rules.prefer_target("main", share(0.0), "any"));
    }
}
