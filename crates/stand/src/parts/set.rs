//! The sets of pins: each is fetched as a whole and has a folder of its own.

use super::manifests::Manifests;
use crate::postgres::Major;

/// Parts that are fetched together. There is more than one so that a first rehearsal fetches only what it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// What a rehearsal runs on: PostgreSQL 16 and 17, workerd, binaryen, asl-validator and MiniStack.
    Rehearsal,
    /// The servers that only tests run on: PostgreSQL 12, 15 and 18.
    Servers,
}

impl Set {
    #[cfg(test)]
    pub(super) const ALL: [Self; 2] = [Self::Rehearsal, Self::Servers];

    /// What npm brings, in words.
    pub(super) fn of_npm(self) -> &'static str {
        match self {
            Self::Rehearsal => "PostgreSQL 16 and 17, workerd, binaryen and asl-validator",
            Self::Servers => "the PostgreSQL servers that only tests need",
        }
    }

    /// The servers in it that are pinned for this platform.
    pub(super) fn servers(self) -> impl Iterator<Item = Major> {
        Major::ALL
            .into_iter()
            .filter(move |major| major.set() == self && major.is_pinned_here())
    }
}

impl Major {
    /// The set of pins it is in.
    pub fn set(self) -> Set {
        match self {
            Self::V16 | Self::V17 => Set::Rehearsal,
            Self::V12 | Self::V15 | Self::V18 => Set::Servers,
        }
    }

    /// Whether a server of this version is published for this platform. All are on Linux x86-64, where CI runs; of
    /// 12 there is no other.
    pub fn is_pinned_here(self) -> bool {
        Manifests::of(self.set())
            .platforms_of(self)
            .contains(&super::layout::npm_platform())
    }

    /// The versions that a test across versions runs on: all that are pinned for this platform.
    pub fn all_here() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|major| major.is_pinned_here())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
