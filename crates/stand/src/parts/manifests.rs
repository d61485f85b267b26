//! The pins, compiled in: the program needs no checkout to know them.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

pub(super) const PACKAGE: &str = include_str!("../../parts/package.json");
pub(super) const PACKAGE_LOCK: &str = include_str!("../../parts/package-lock.json");
pub(super) const REQUIREMENTS: &str = include_str!("../../parts/requirements.txt");

/// Names the folder of one set of pins on one platform: a changed pin is another folder, never a mixed one.
pub(super) fn key(platform: &str) -> String {
    let mut hash = Sha256::new();
    for text in [platform, PACKAGE, PACKAGE_LOCK, REQUIREMENTS] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    format!("{platform}-{}", &hex::encode(hash.finalize())[..12])
}

/// The versions of the parts that run on this platform, by the names the report uses.
pub(super) fn versions() -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    let package: Value = serde_json::from_str(PACKAGE).unwrap_or_default();
    for group in ["dependencies", "optionalDependencies"] {
        for (name, pin) in package[group].as_object().into_iter().flatten() {
            let version = pin
                .as_str()
                .and_then(|pin| pin.rsplit('@').next())
                .unwrap_or_default();
            let name = if name.ends_with(&super::layout::pg_suffix()) {
                name.replace("pg", "postgresql-")
                    .replace(&super::layout::pg_suffix(), "")
            } else if name.ends_with(&format!("workerd-{}", super::layout::workerd_suffix())) {
                "workerd".to_owned()
            } else if group == "dependencies" {
                name.clone()
            } else {
                continue;
            };
            versions.insert(name, version.to_owned());
        }
    }
    let ministack = REQUIREMENTS
        .lines()
        .find_map(|line| line.strip_prefix("ministack=="));
    versions.insert("ministack".to_owned(), ministack.unwrap_or_default().to_owned());
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_names_no_host_and_pins_every_package_by_content() {
        assert!(!PACKAGE_LOCK.contains("://"));
        let lock: Value = serde_json::from_str(PACKAGE_LOCK).unwrap();
        for (path, package) in lock["packages"].as_object().unwrap() {
            assert!(path.is_empty() || package["integrity"].is_string(), "{path}");
        }
    }

    #[test]
    fn every_python_package_is_pinned() {
        for line in REQUIREMENTS.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.contains("=="), "{line}");
        }
    }

    #[test]
    fn the_report_gets_a_version_of_every_part() {
        let versions = versions();
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
}
