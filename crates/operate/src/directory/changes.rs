//! What would change if a directory were published.

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::routing::{
    Directory, Epoch, Origin,
    directory::{Lane, Lookup, ReadRules, Regions, Rule, lanes_that_change},
};
use serde::Serialize;

use super::Spreading;

/// A directory beside the newest published version (`crossover edge plan --json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DirectoryPlan {
    /// The published version that the document was compared with: the newest one, in force or spreading.
    pub version: Epoch,
    pub changes: Changes,
    /// Lanes whose origins or requests may change, and with them the database of a write. While a cutover of one of them is
    /// under way the edge refuses the directory.
    pub writes_affected: BTreeSet<String>,
    /// Origins that no published version names. Whether the Worker's list ORIGINS has them, the edge says when the
    /// directory is published.
    pub new_origins: BTreeSet<Origin>,
}

impl DirectoryPlan {
    /// Compares with the newest published version.
    pub fn of(published: &Spreading, document: &Directory) -> Self {
        let newest = published.next.as_ref().unwrap_or(&published.current);
        let known = origins(&newest.directory);
        Self {
            version: newest.version,
            changes: Changes::between(&newest.directory, document),
            writes_affected: lanes_that_change(&newest.directory, document),
            new_origins: origins(document).difference(&known).cloned().collect(),
        }
    }
}

fn origins(directory: &Directory) -> BTreeSet<Origin> {
    let lanes = directory.lanes.values();
    lanes
        .flat_map(|lane| [lane.source.clone(), lane.target.clone()])
        .collect()
}

/// Every difference between two directories; what is equal is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Lanes that appear, disappear or get other origins.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lanes: BTreeMap<String, LaneChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_lane: Option<Change<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Change<Vec<Lookup>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Change<Option<Regions>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules_added: Vec<Rule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules_removed: Vec<Rule>,
    /// Rules with the same conditions and another lane.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules_moved: Vec<MovedRule>,
    /// Read rules of lanes that stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reads: BTreeMap<String, Change<ReadRules>>,
}

/// A value that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    pub before: T,
    pub after: T,
}

impl<T: PartialEq + Clone> Change<T> {
    fn between(before: &T, after: &T) -> Option<Self> {
        (before != after).then(|| Self {
            before: before.clone(),
            after: after.clone(),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneChange {
    Added(Lane),
    Removed(Lane),
    Origins {
        source: Change<Origin>,
        target: Change<Origin>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedRule {
    /// The rule as it becomes.
    pub rule: Rule,
    /// The lane that it named.
    pub before: String,
}

impl Changes {
    /// What differs. The order of rules means nothing, so it is no difference.
    pub fn between(before: &Directory, after: &Directory) -> Self {
        // Every member by name: one that is new does not compile until it is compared.
        let Directory {
            lanes,
            default_lane,
            tenant,
            region,
            rules: _,
        } = after;
        let mut changes = Self {
            default_lane: Change::between(&before.default_lane, default_lane),
            tenant: Change::between(&before.tenant, tenant),
            region: Change::between(&before.region, region),
            ..Self::default()
        };
        for (name, lane) in lanes {
            match before.lanes.get(name) {
                Some(old) => changes.lane(name, old, lane),
                None => {
                    changes
                        .lanes
                        .insert(name.clone(), LaneChange::Added(lane.clone()));
                }
            }
        }
        for (name, lane) in &before.lanes {
            if !lanes.contains_key(name) {
                changes
                    .lanes
                    .insert(name.clone(), LaneChange::Removed(lane.clone()));
            }
        }
        changes.rules(before, after);
        changes
    }

    /// Whether the two directories mean the same.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn lane(&mut self, name: &str, before: &Lane, after: &Lane) {
        let Lane {
            source,
            target,
            reads,
        } = after;
        if (source, target) != (&before.source, &before.target) {
            let change = |before: &Origin, after: &Origin| Change {
                before: before.clone(),
                after: after.clone(),
            };
            let origins = LaneChange::Origins {
                source: change(&before.source, source),
                target: change(&before.target, target),
            };
            self.lanes.insert(name.to_owned(), origins);
        }
        if let Some(change) = Change::between(&before.reads, reads) {
            self.reads.insert(name.to_owned(), change);
        }
    }

    fn rules(&mut self, before: &Directory, after: &Directory) {
        let old: BTreeMap<Rule, &str> = before.rules.iter().map(of_conditions).collect();
        let new: BTreeSet<Rule> = after.rules.iter().map(|rule| of_conditions(rule).0).collect();
        for rule in after.by_precedence() {
            match old.get(&of_conditions(rule).0) {
                None => self.rules_added.push(rule.clone()),
                Some(lane) if *lane != rule.lane => self.rules_moved.push(MovedRule {
                    rule: rule.clone(),
                    before: (*lane).to_owned(),
                }),
                Some(_) => {}
            }
        }
        let gone = before.by_precedence().into_iter();
        let gone = gone.filter(|rule| !new.contains(&of_conditions(rule).0));
        self.rules_removed = gone.cloned().collect();
    }
}

/// The rule's conditions, and its lane apart from them.
fn of_conditions(rule: &Rule) -> (Rule, &str) {
    let conditions = Rule {
        lane: String::new(),
        ..rule.clone()
    };
    (conditions, &rule.lane)
}

#[cfg(test)]
mod tests {
    use crossover_core::{UnixMillis, routing::directory::Publication};
    use serde_json::{Value, json};

    use super::*;

    fn document() -> Value {
        json!({
            "lanes": {
                "main": {"source": "https://s.example", "target": "https://t.example"},
                "acme": {"source": "https://s.acme.example", "target": "https://t.acme.example"},
            },
            "default_lane": "main",
            "tenant": [{"header": "x-tenant"}],
            "rules": [
                {"lane": "acme", "tenant": "acme"},
                {"lane": "acme", "path": "/acme"},
            ],
        })
    }

    fn directory(document: Value) -> Directory {
        serde_json::from_value(document).unwrap()
    }

    fn changes(change: impl FnOnce(&mut Value)) -> Changes {
        let mut after = document();
        change(&mut after);
        Changes::between(&directory(document()), &directory(after))
    }

    #[test]
    fn equal_directories_have_no_change_and_the_order_of_rules_is_none() {
        assert!(changes(|_| {}).is_empty());
        assert!(changes(|document| document["rules"].as_array_mut().unwrap().reverse()).is_empty());
    }

    #[test]
    fn each_kind_of_change_is_found_as_itself() {
        let added = changes(|document| document["lanes"]["new"] = document["lanes"]["main"].clone());
        assert!(matches!(added.lanes["new"], LaneChange::Added(_)) && added.lanes.len() == 1);
        let removed = changes(|document| {
            document["lanes"].as_object_mut().unwrap().remove("acme");
        });
        assert!(matches!(removed.lanes["acme"], LaneChange::Removed(_)) && removed.lanes.len() == 1);
        let moved = changes(|document| document["lanes"]["main"]["target"] = json!("https://u.example"));
        let LaneChange::Origins { source, target } = &moved.lanes["main"] else {
            panic!("{moved:?}");
        };
        assert_eq!(source.before, source.after);
        assert_eq!(target.after.as_str(), "https://u.example");

        let rules = changes(|document| {
            document["rules"] =
                json!([{"lane": "main", "tenant": "acme"}, {"lane": "acme", "host": "acme.example"}]);
        });
        assert_eq!(
            serde_json::to_value(rules).unwrap(),
            json!({
                "rules_moved": [{"rule": {"lane": "main", "tenant": "acme"}, "before": "acme"}],
                "rules_added": [{"lane": "acme", "host": "acme.example"}],
                "rules_removed": [{"lane": "acme", "path": "/acme"}],
            })
        );
        assert!(
            changes(|document| document["default_lane"] = json!("acme"))
                .default_lane
                .is_some()
        );
        assert!(
            changes(|document| document["tenant"] = json!([]))
                .tenant
                .is_some()
        );
        let region = json!({"codes": ["N01"], "default": "N01"});
        assert!(changes(|document| document["region"] = region).region.is_some());
        let reads =
            changes(|document| document["lanes"]["acme"]["reads"] = json!({"key": [{"cookie": "id"}]}));
        assert_eq!(reads.reads.keys().collect::<Vec<_>>(), ["acme"]);
        assert!(reads.lanes.is_empty());
    }

    #[test]
    fn the_newest_version_is_compared_even_while_it_spreads() {
        let publication = |version, directory| Publication {
            version: Epoch(version),
            from_ms: UnixMillis(0),
            directory,
        };
        let mut after = document();
        after["lanes"]["acme"]["target"] = json!("https://new.example");
        let published = Spreading {
            current: publication(3, directory(document())),
            next: Some(publication(4, directory(after.clone()))),
        };
        let plan = DirectoryPlan::of(&published, &directory(after.clone()));
        assert!(
            plan.changes.is_empty() && plan.new_origins.is_empty() && plan.writes_affected.is_empty(),
            "{plan:?}"
        );
        assert_eq!(plan.version, Epoch(4));
        let current_only = Spreading {
            next: None,
            ..published
        };
        let plan = DirectoryPlan::of(&current_only, &directory(after));
        assert_eq!(
            plan.writes_affected.iter().collect::<Vec<_>>(),
            ["acme"],
            "only that lane's origins differ"
        );
        let new: Vec<&str> = plan.new_origins.iter().map(Origin::as_str).collect();
        assert_eq!(new, ["https://new.example"]);
    }
}
