//! The pins, compiled into the program, so that no checkout is needed to read them.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::platform::{npm_platform, workerd_suffix};
use crate::pins::{Major, Set};

/// The files that npm and pip need to fetch one set.
pub(super) struct Manifests {
    /// None for a set without npm.
    pub(super) npm: Option<Npm>,
    /// None for a set without Python.
    pub(super) requirements: Option<&'static str>,
}

pub(super) struct Npm {
    pub(super) package: &'static str,
    pub(super) lock: &'static str,
}

impl Manifests {
    pub(super) fn of(set: Set) -> Self {
        match set {
            Set::Rehearsal => Self {
                npm: Some(Npm {
                    package: include_str!("../../parts/stand/package.json"),
                    lock: include_str!("../../parts/stand/package-lock.json"),
                }),
                requirements: Some(include_str!("../../parts/stand/requirements.txt")),
            },
            Set::Servers => Self {
                npm: Some(Npm {
                    package: include_str!("../../parts/servers/package.json"),
                    lock: include_str!("../../parts/servers/package-lock.json"),
                }),
                requirements: Some(include_str!("../../parts/servers/requirements.txt")),
            },
            Set::Terraform => Self {
                npm: Some(Npm {
                    package: include_str!("../../parts/terraform/package.json"),
                    lock: include_str!("../../parts/terraform/package-lock.json"),
                }),
                requirements: None,
            },
            Set::Workflows => Self {
                npm: Some(Npm {
                    package: include_str!("../../parts/workflows/package.json"),
                    lock: include_str!("../../parts/workflows/package-lock.json"),
                }),
                requirements: Some(include_str!("../../parts/workflows/requirements.txt")),
            },
            Set::Checkov => Self {
                npm: None,
                requirements: Some(include_str!("../../parts/checkov/requirements.txt")),
            },
        }
    }

    /// The name of the folder for one set of pins on one platform: changed pins get another folder, so that
    /// versions never mix.
    pub(super) fn key(&self, platform: &str) -> String {
        let mut hash = Sha256::new();
        let of_npm = self.npm.iter().flat_map(|npm| [npm.package, npm.lock]);
        for text in [platform].into_iter().chain(of_npm).chain(self.requirements) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        format!("{platform}-{}", &hex::encode(hash.finalize())[..12])
    }

    /// The versions of the parts that run on this platform, by their names in the report.
    pub(super) fn versions(&self) -> BTreeMap<String, String> {
        let mut versions = BTreeMap::new();
        let package = self.package();
        let pg_suffix = format!("-{}", npm_platform());
        for group in ["dependencies", "optionalDependencies"] {
            for (name, pin) in package[group].as_object().into_iter().flatten() {
                let version = pin
                    .as_str()
                    .and_then(|pin| pin.rsplit('@').next())
                    .unwrap_or_default();
                let name = if name.ends_with(&pg_suffix) {
                    name.replace("pg", "postgresql-").replace(&pg_suffix, "")
                } else if name.ends_with(&format!("workerd-{}", workerd_suffix())) {
                    "workerd".to_owned()
                } else if group == "dependencies" {
                    name.clone()
                } else {
                    continue;
                };
                versions.insert(name, version.to_owned());
            }
        }
        for name in ["checkov", "ministack"] {
            let of_part = |line: &'static str| line.strip_prefix(name)?.strip_prefix("==");
            let version = self.requirements.and_then(|list| list.lines().find_map(of_part));
            versions.extend(version.map(|version| (name.to_owned(), version.to_owned())));
        }
        versions
    }

    fn package(&self) -> Value {
        let text = self.npm.as_ref().map_or("", |npm| npm.package);
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The platforms, in npm's notation, for which a server of this version is pinned.
    pub(super) fn platforms_of(&self, major: Major) -> Vec<String> {
        let package = self.package();
        let names = package["optionalDependencies"].as_object().into_iter().flatten();
        names
            .filter_map(|(name, _)| name.strip_prefix(&format!("pg{major}-")).map(str::to_owned))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_lock_contains_no_host_and_pins_every_package_by_content() {
        for set in Set::ALL {
            let Some(Npm { lock, .. }) = Manifests::of(set).npm else {
                continue;
            };
            assert!(!lock.contains("://"), "{set:?}");
            let lock: Value = serde_json::from_str(lock).unwrap();
            for (path, package) in lock["packages"].as_object().unwrap() {
                assert!(path.is_empty() || package["integrity"].is_string(), "{path}");
            }
        }
    }

    #[test]
    fn every_python_package_is_pinned() {
        let requirements = Set::ALL
            .into_iter()
            .filter_map(|set| Manifests::of(set).requirements);
        let lines = requirements.flat_map(str::lines);
        for line in lines.filter(|line| !line.starts_with('#')) {
            assert!(line.contains("=="), "{line}");
        }
    }

    #[test]
    fn the_report_gets_a_version_of_every_part() {
        let versions = Manifests::of(Set::Rehearsal).versions();
        let names: Vec<&str> = versions.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "asl-validator",
                "binaryen",
                "ministack",
                "postgresql-16",
                "postgresql-17",
                "workerd"
            ]
        );
        assert!(
            versions.values().all(|version| !version.is_empty()),
            "{versions:?}"
        );
    }

    #[test]
    fn the_sets_have_nothing_in_common() {
        let keys: BTreeSet<String> = Set::ALL.map(|set| Manifests::of(set).key("here")).into();
        assert_eq!(keys.len(), Set::ALL.len());
        let [stand, servers] = [Set::Rehearsal, Set::Servers].map(|set| Manifests::of(set).versions());
        assert!(servers.keys().all(|name| name.starts_with("postgresql-")));
        assert!(
            !servers.keys().any(|name| stand.contains_key(name)),
            "{servers:?}"
        );
    }
}
