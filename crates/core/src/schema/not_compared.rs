//! What is not compared is named, with the reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something of a database that the comparison leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unjudged {
    /// `contents of materialized views`
    pub what: String,
    /// At least one.
    pub count: u64,
    /// The names of the first few.
    pub named: Vec<String>,
    pub reason: String,
    /// How the operator can compare it.
    pub remedy: String,
}

/// Something that the comparison leaves out, on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotCompared {
    /// `contents of materialized views`
    pub what: String,
    /// How many the source has.
    pub source: u64,
    /// How many the target has.
    pub target: u64,
    /// The names of the first few, of the source where it has any.
    pub named: Vec<String>,
    /// Why it is not compared.
    pub reason: String,
    /// How to compare it otherwise.
    pub remedy: String,
}

impl std::fmt::Display for NotCompared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            what,
            source,
            target,
            reason,
            ..
        } = self;
        write!(f, "{what} ({source} on the source, {target} on the target")?;
        if !self.named.is_empty() {
            let more = if self.named.len() as u64 == (*source).max(*target) {
                ""
            } else {
                ", …"
            };
            write!(f, ": {}{more}", self.named.join(", "))?;
        }
        write!(f, "): {reason}")
    }
}

/// What either side leaves out, in the order of its name.
pub fn not_compared(source: &[Unjudged], target: &[Unjudged]) -> Vec<NotCompared> {
    let mut all: BTreeMap<&str, NotCompared> = BTreeMap::new();
    for (unjudged, of_source) in source
        .iter()
        .map(|u| (u, true))
        .chain(target.iter().map(|u| (u, false)))
    {
        let entry = all.entry(&unjudged.what).or_insert_with(|| NotCompared {
            what: unjudged.what.clone(),
            source: 0,
            target: 0,
            named: unjudged.named.clone(),
            reason: unjudged.reason.clone(),
            remedy: unjudged.remedy.clone(),
        });
        *(if of_source {
            &mut entry.source
        } else {
            &mut entry.target
        }) = unjudged.count;
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unjudged(what: &str, count: u64, named: &[&str]) -> Unjudged {
        Unjudged {
            what: what.to_owned(),
            count,
            named: named.iter().map(|&name| name.to_owned()).collect(),
            reason: "so it is".to_owned(),
            remedy: "look".to_owned(),
        }
    }

    #[test]
    fn what_one_side_leaves_out_is_named_once_with_the_counts_of_both() {
        let seen = not_compared(
            &[
                unjudged("views", 4, &["shop.a", "shop.b"]),
                unjudged("comments", 2, &[]),
            ],
            &[unjudged("views", 1, &["shop.z"]), unjudged("labels", 1, &["a"])],
        );
        let texts: Vec<String> = seen.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "comments (2 on the source, 0 on the target): so it is",
                "labels (0 on the source, 1 on the target: a): so it is",
                "views (4 on the source, 1 on the target: shop.a, shop.b, …): so it is",
            ]
        );
    }
}
