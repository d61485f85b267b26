//! The pinned servers, and the set of each.

use std::fmt;

/// A major version with a pinned part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Major {
    V12,
    V14,
    V15,
    V16,
    V17,
    V18,
}

impl Major {
    /// All versions, the oldest first.
    pub const ALL: [Self; 6] = [Self::V12, Self::V14, Self::V15, Self::V16, Self::V17, Self::V18];

    /// The set that contains the version.
    pub fn set(self) -> Set {
        match self {
            Self::V16 | Self::V17 => Set::Rehearsal,
            Self::V12 | Self::V14 | Self::V15 | Self::V18 => Set::Servers,
        }
    }
}

impl fmt::Display for Major {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V12 => "12",
            Self::V14 => "14",
            Self::V15 => "15",
            Self::V16 => "16",
            Self::V17 => "17",
            Self::V18 => "18",
        })
    }
}

/// Parts that are fetched together. There are several sets, so that a first rehearsal fetches only the parts
/// it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// The parts of a rehearsal: PostgreSQL 16 and 17, workerd, binaryen, asl-validator and MiniStack.
    Rehearsal,
    /// The servers that only tests need: PostgreSQL 12, 14, 15 and 18, and moto.
    Servers,
    /// The schemas of Terraform providers, for `cargo xtask check terraform`.
    Terraform,
    /// actionlint, zizmor and shellcheck, for `cargo xtask check workflows`.
    Workflows,
    /// checkov, for `cargo xtask check terraform`. Apart from the schemas, so that one can be had without the other.
    Checkov,
}
